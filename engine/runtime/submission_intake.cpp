#include "runtime/submission_intake.hpp"

#include <openssl/evp.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <set>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "hawser/abi.h"

namespace hawser::engine {
namespace {

constexpr std::size_t read_size = 64 * 1024;

// Over everything that a key stands for. Lengths stand before the bytes, so that no two submissions read alike.
class content_digest {
public:
    content_digest() : context_(EVP_MD_CTX_new()) { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }
    void add(std::string_view bytes) {
        const std::uint64_t size = bytes.size();
        EVP_DigestUpdate(context_.get(), &size, sizeof size);
        EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
    }
    std::string finish() {
        std::string digest(32, '\0');
        EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr);
        return digest;
    }
    static std::string of(std::string_view bytes) {
        std::string digest(32, '\0');
        EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr, EVP_sha256(),
                   nullptr);
        return digest;
    }

private:
    struct deleter {
        void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
    };
    std::unique_ptr<EVP_MD_CTX, deleter> context_;
};

std::string digest_of(const submission& message, const std::vector<new_part>& parts) {
    content_digest digest;
    digest.add(message.port);
    for (const message_property& property : message.properties) {
        digest.add(property.name);
        digest.add(property.value);
    }
    for (const new_part& part : parts) {
        const auto* staged = std::get_if<staged_body>(&part.body);
        digest.add(part.info.name);
        digest.add(part.info.content_type);
        digest.add(part.info.file_name);
        digest.add(staged != nullptr ? staged->sha256 : content_digest::of(std::get<std::string>(part.body)));
    }
    return digest.finish();
}

bool has_control(std::string_view text) {
    for (const char c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
            return true;
        }
    }
    return false;
}

result<property_type> type_of(const message_property& property) {
    for (const property_type type :
         {property_type::string, property_type::integer, property_type::boolean, property_type::date_time}) {
        if (name_of(type) == property.type) {
            return type;
        }
    }
    return fail("bad_input", "the property " + printable(property.name, 80) + " has the unknown type \"" +
                                 printable(property.type, 20) + '"');
}

result<std::size_t> read_some(int descriptor, char* buffer) {
    ssize_t size = 0;
    do {
        size = ::read(descriptor, buffer, read_size);
    } while (size < 0 && errno == EINTR);
    if (size < 0) {
        return fail("bad_input", std::string("the body cannot be read: ") + std::strerror(errno));
    }
    return static_cast<std::size_t>(size);
}

// Small bodies stay in memory; a larger one is staged as it is read.
class body_taker {
public:
    body_taker(message_box& box, const std::function<void(std::uint64_t)>& on_progress)
        : box_(box), on_progress_(on_progress) {}

    result<void> take(std::string_view bytes) {
        size_ += bytes.size();
        if (!stager_ && memory_.size() + bytes.size() <= inline_body_size_max) {
            memory_ += bytes;
            return {};
        }
        if (!stager_) {
            stager_ = box_.stage_body();
            if (result<void> done = append(memory_); !done) {
                return done;
            }
            memory_.clear();
        }
        return append(bytes);
    }
    result<new_part> finish(part_info info) {
        info.size = size_;
        new_part part{std::move(info), std::string{}};
        if (!stager_) {
            part.body = std::move(memory_);
            return part;
        }
        result<staged_body> staged = stager_->finish();
        if (!staged) {
            return fail("not_accepted", staged.error().text);
        }
        part.body = std::move(*staged);
        return part;
    }

private:
    result<void> append(std::string_view bytes) {
        if (result<void> done = stager_->append(bytes.data(), bytes.size()); !done) {
            return fail("not_accepted", done.error().text);
        }
        if (on_progress_) {
            on_progress_(size_);
        }
        return {};
    }
    message_box& box_;
    const std::function<void(std::uint64_t)>& on_progress_;
    std::string memory_;
    std::unique_ptr<body_stager> stager_;
    std::uint64_t size_ = 0;
};

result<new_part> take_part(const submission_part& part, bool is_body, message_box& box,
                           const std::function<void(std::uint64_t)>& on_progress) {
    result<part_info> info = read_part_info(part, is_body);
    if (!info) {
        return unexpected{std::move(info).error()};
    }
    body_taker taker(box, on_progress);
    if (part.descriptor < 0) {
        if (result<void> taken = taker.take(part.bytes); !taken) {
            return unexpected{std::move(taken).error()};
        }
        return taker.finish(std::move(*info));
    }
    std::string buffer(read_size, '\0');
    while (true) {
        result<std::size_t> size = read_some(part.descriptor, buffer.data());
        if (!size) {
            return unexpected{std::move(size).error()};
        }
        if (*size == 0) {
            return taker.finish(std::move(*info));
        }
        if (result<void> taken = taker.take(std::string_view(buffer).substr(0, *size)); !taken) {
            return unexpected{std::move(taken).error()};
        }
    }
}

result<void> check_parts(const submission& message) {
    if (message.parts.empty() || message.parts.size() > part_count_max) {
        return fail("bad_input", "a message has from 1 to 1000 parts");
    }
    std::set<std::string> names;
    for (const submission_part& part : message.parts) {
        if (!names.insert(part.name).second) {
            return fail("bad_input", "two parts are named \"" + printable(part.name, 80) + '"');
        }
    }
    if (message.key.size() > submission_key_size_max || has_control(message.key)) {
        return fail("bad_input", "a key is at most 255 bytes of text without control characters");
    }
    return {};
}

}  // namespace

result<part_info> read_part_info(const submission_part& part, bool is_body) {
    for (const std::string* text : {&part.name, &part.content_type, &part.charset, &part.file_name}) {
        if (has_control(*text) || text->size() > 1024) {
            return fail("bad_input",
                        "a part's name, content type, charset or file name has a control character or is too long");
        }
    }
    if (part.name.empty()) {
        return fail("bad_input", "a part needs a name");
    }
    return part_info{part.name, part.content_type, part.charset, part.file_name, {}, 0, is_body};
}

result<message_context> read_context(const submission& message, const std::string& message_id) {
    message_context context;
    for (const message_property& property : message.properties) {
        result<property_type> type = type_of(property);
        if (!type) {
            return unexpected{std::move(type).error()};
        }
        const bool fits = property.value.size() <= promoted_value_size_max;
        if (result<void> set = context.set(
                property.name, {property.value, *type, property_origin::message, property.is_promoted && fits});
            !set) {
            return fail("bad_input", set.error().text);
        }
    }
    context.erase(HAWSER_IS_MIME_ENCODED);  // only a component can say so, in its own attempt
    context.erase(HAWSER_TRANSFER_ENCODING);
    if (result<void> set =
            context.set("BTS.MessageID", {message_id, property_type::string, property_origin::engine, true});
        !set) {
        return fail("bad_input", set.error().text);
    }
    return context;
}

result<publication> take_submission(const submission& message, message_box& box, const intake_ports& ports,
                                    const std::function<void(std::uint64_t)>& on_progress) {
    if (result<void> checked = check_parts(message); !checked) {
        return unexpected{std::move(checked).error()};
    }
    publication out;
    out.message_id = make_uuid();
    out.key = message.key;
    out.published_unix_ms = system_clock().unix_ms();
    result<message_context> context = read_context(message, out.message_id);
    if (!context) {
        return unexpected{std::move(context).error()};
    }
    out.context = std::move(*context);
    result<std::vector<new_delivery>> deliveries =
        ports.route(message.port, out.context);  // before the bodies are read
    if (!deliveries) {
        return unexpected{std::move(deliveries).error()};
    }
    out.deliveries = std::move(*deliveries);
    for (std::size_t i = 0; i < message.parts.size(); ++i) {
        result<new_part> part = take_part(message.parts[i], i == 0, box, on_progress);
        if (!part) {
            return unexpected{std::move(part).error()};
        }
        out.parts.push_back(std::move(*part));
    }
    if (!out.key.empty()) {  // only a key is ever compared by its content
        out.content_sha256 = digest_of(message, out.parts);
    }
    return out;
}

}  // namespace hawser::engine
