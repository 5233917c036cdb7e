#include "runtime/audit_view.hpp"

#include <utility>

namespace hawser::engine {
namespace {

class entry_view final : public audit_record_writer {
public:
    explicit entry_view(std::unique_ptr<audit::archive_entry> entry) : entry_(std::move(entry)) {}
    result<void> content(std::string_view bytes) override { return entry_->content(bytes); }
    void hand_over(std::string_view facts, audit_answer answer) override {
        entry_->hand_over(facts, std::move(answer));
    }
    void finish(std::string_view facts, audit_answer answer) override { entry_->finish(facts, std::move(answer)); }

private:
    std::unique_ptr<audit::archive_entry> entry_;
};

class archive_view final : public audit_sink {
public:
    explicit archive_view(std::shared_ptr<audit::archive> archive) : archive_(std::move(archive)) {}
    result<std::unique_ptr<audit_record_writer>> begin(const audit_subject& about) override {
        auto entry = archive_->begin({about.port, about.message_id, about.unique_id, about.delivery, about.attempt});
        if (!entry) {
            return unexpected{std::move(entry).error()};
        }
        return std::unique_ptr<audit_record_writer>(std::make_unique<entry_view>(std::move(*entry)));
    }

private:
    std::shared_ptr<audit::archive> archive_;
};

}  // namespace

result<audit::archive_settings> settings_of(const audit_archive_binding& binding) {
    auto key = audit::signing_key::read(binding.signing_key);
    if (!key) {
        return unexpected{std::move(key).error()};
    }
    audit::archive_settings settings;
    settings.folder = binding.folder;
    settings.content = binding.keeps_bytes ? audit::content_kept::bytes : audit::content_kept::hash;
    settings.key = std::move(*key);
    settings.sign_after_records = binding.sign_after_records;
    settings.sign_after_ms = binding.sign_after_ms;
    return settings;
}

std::shared_ptr<audit_sink> make_audit_sink(std::shared_ptr<audit::archive> archive) {
    return std::make_shared<archive_view>(std::move(archive));
}

void check_archives(const host_bindings& bindings, diagnostics& problems) {
    for (const audit_archive_binding& one : bindings.host.audit_archives) {
        if (one.signing_key.empty()) {
            continue;  // it was said that one is needed
        }
        const auto key = audit::signing_key::read(one.signing_key);
        if (!key) {
            problems.error(one.position, one.pointer + "/signingKey", key.error().text);
        } else if ((*key)->is_readable_by_others()) {
            problems.warning(one.position, one.pointer + "/signingKey",
                             "the key " + one.signing_key +
                                 " can be read by others: chmod 600 it; whoever has it can write "
                                 "an archive anew");
        }
    }
}

}  // namespace hawser::engine
