// How a message gets in: one row, one delivery for each subscriber, and its submission key.
#include <algorithm>

#include "base/uuid.hpp"
#include "message/codec.hpp"
#include "messagebox/sqlite/box_writer.hpp"
#include "messagebox/sqlite/schema.hpp"

namespace hawser::engine::sqlite {
namespace {

constexpr std::int64_t number_block = 10000;  // reserved at once: a delivery's number never comes twice

}  // namespace

std::vector<std::int64_t> staged_files(const operation& one) {
    std::vector<std::int64_t> files;
    if (const auto* published = std::get_if<publish_operation>(&one)) {
        for (const new_part& part : published->message.parts) {
            if (const auto* staged = std::get_if<staged_body>(&part.body)) {
                files.push_back(staged->id);
            }
        }
    } else if (const auto* completed = std::get_if<complete_operation>(&one); completed && completed->tracked) {
        const auto& after = completed->tracked->body_after;
        if (const auto* staged = after ? std::get_if<staged_body>(&*after) : nullptr) {
            files.push_back(staged->id);
        }
    }
    return files;
}

std::int64_t box_writer::next_number() {
    if (number_ >= numbers_reserved_) {
        reserve_numbers_.bind(number_ + number_block).run();
        numbers_reserved_ = number_ + number_block;
    }
    return ++number_;
}

std::int64_t box_writer::port_id(const std::string& name) {
    if (const auto known = ports_.find(name); known != ports_.end()) {
        return known->second;
    }
    find_port_.bind(name);
    std::int64_t id = find_port_.step() ? find_port_.integer(0) : 0;
    find_port_.reset();
    if (id == 0) {
        insert_port_.bind(name).run();
        id = sqlite3_last_insert_rowid(connection_.handle());
    }
    ports_[name] = id;
    return id;
}

commit_answer box_writer::apply_one(const publish_operation& one) {
    const publication& message = one.message;
    if (message.deliveries.empty() || message.parts.empty()) {
        return {commit_status::not_found, {}, "a publication needs a part and a subscriber"};
    }
    if (!message.key.empty()) {
        find_key_.bind(message.key);
        if (find_key_.step()) {
            const bool is_same = find_key_.text(0) == message.content_sha256;
            commit_answer answer{is_same ? commit_status::already_published : commit_status::key_conflict,
                                 std::string(find_key_.text(1)),
                                 is_same
                                     ? ""
                                     : "the key \"" + message.key +
                                           "\" was used for other content: use a new key, or submit the same content"};
            find_key_.reset();
            return answer;
        }
        find_key_.reset();
    }
    if (std::string why = refusal_of(message); !why.empty()) {
        return {commit_status::refused, {}, std::move(why)};
    }
    if (!message.key.empty()) {
        insert_key_.bind(message.key, statement::blob{message.content_sha256}, message.message_id).run();
    }
    const std::int64_t sequence = next_number();
    std::vector<part_info> infos;
    std::uint64_t size = 0;
    for (const new_part& part : message.parts) {
        infos.push_back(part.info);
        size += part.info.size;
    }
    const std::string context = message.context.encode();
    const std::string parts = encode_parts(infos);
    const std::string bodies = store_bodies(sequence, message.parts);
    const auto count = static_cast<std::int64_t>(message.deliveries.size());
    insert_message_
        .bind(sequence, message.message_id, statement::nullable_text{message.key.empty() ? nullptr : &message.key},
              message.published_unix_ms, count, count, static_cast<std::int64_t>(size), statement::blob{context},
              statement::blob{parts}, statement::blob{bodies})
        .run();
    const std::string of_whole_port;
    for (const new_delivery& delivery : message.deliveries) {
        const std::int64_t port = port_id(delivery.port);
        // One that was routed before the port was ordered, but comes in after its first claim, is in order too.
        const std::string* const order_key = delivery.is_ordered               ? &delivery.order_key
                                             : ordered_ports_.count(port) != 0 ? &of_whole_port
                                                                               : nullptr;
        const row_state state = !delivery.held_for.empty()                         ? row_state::held
                                : delivery.due_unix_ms > message.published_unix_ms ? row_state::later
                                                                                   : row_state::ready;
        if (state == row_state::later) {
            earliest_due_.clear();
        }
        insert_delivery_
            .bind(next_number(), sequence, port, make_uuid(), static_cast<std::int64_t>(state),
                  static_cast<std::int64_t>(delivery.is_ordered ? 5 : delivery.priority), delivery.due_unix_ms,
                  statement::nullable_text{order_key},
                  delivery.held_for.empty() ? std::int64_t{0} : group_id(delivery.held_for))
            .run();
    }
    index_properties(sequence, message.context);
    depth_ += count;
    return {};
}

// After the key: a repeat of what was accepted is answered so, however full the queue is.
std::string box_writer::refusal_of(const publication& message) {
    if (gate_ == nullptr) {
        return {};
    }
    std::size_t size = 0;
    for (const new_part& part : message.parts) {
        const auto* bytes = std::get_if<std::string>(&part.body);
        size += bytes != nullptr ? bytes->size() : 0;
    }
    std::string why = gate_->disk_refusal(size);
    return why.empty() ? gate_->depth_refusal(depth()) : why;
}

void box_writer::index_properties(std::int64_t sequence, const message_context& context) {
    if (!is_indexed_known_) {
        load_indexed();
    }
    for (const std::string& name : indexed_) {
        const context_property* property = context.find(name);
        if (property != nullptr && property->value.size() <= indexed_value_size_max) {
            insert_property_.bind(sequence, name, property->value).run();
            has_indexed_ = true;
        }
    }
}

void box_writer::load_indexed() {
    indexed_.clear();
    statement marks(connection_, "SELECT substr(name,length(?1)+1) FROM counter WHERE substr(name,1,length(?1))=?1");
    marks.bind(std::string_view(indexed_property_prefix));
    while (marks.step()) {
        indexed_.emplace_back(marks.text(0));
    }
    is_indexed_known_ = true;
}

// What is in the index of a property that is not wanted any more stays until its messages go.
commit_answer box_writer::apply_one(const index_operation& one) {
    load_indexed();
    const std::string prefix = indexed_property_prefix;
    const auto is_in = [](const std::vector<std::string>& names, const std::string& name) {
        return std::find(names.begin(), names.end(), name) != names.end();
    };
    statement unmark(connection_, "DELETE FROM counter WHERE name=?");
    for (const std::string& name : indexed_) {
        if (!is_in(one.properties, name)) {
            unmark.bind(prefix + name).run();
        }
    }
    statement mark(connection_, "INSERT INTO counter VALUES(?,?)");
    for (const std::string& name : one.properties) {
        if (!is_in(indexed_, name)) {
            mark.bind(prefix + name, number_ + 1).run();
        }
    }
    indexed_ = one.properties;
    return {};
}

// The small ones as the message row has them; large ones are files that part_file names.
std::string box_writer::store_bodies(std::int64_t sequence, const std::vector<new_part>& parts) {
    byte_encoder out;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const stored_part* stored = std::get_if<stored_part>(&parts[i].body);
        const std::string* bytes = std::get_if<std::string>(&parts[i].body);
        std::optional<std::string> copied;
        if (const staged_body* staged = std::get_if<staged_body>(&parts[i].body)) {
            insert_part_file_.bind(sequence, static_cast<std::int64_t>(i), staged->id).run();
        } else if (stored != nullptr) {
            copied = share_part(*stored, sequence, i);
            bytes = copied ? &*copied : nullptr;
        }
        out.u8(bytes != nullptr ? 1 : 0);
        out.text(bytes != nullptr ? std::string_view(*bytes) : std::string_view{});
    }
    return out.take();
}

// A file is shared; what stands in the other message's row is copied.
std::optional<std::string> box_writer::share_part(const stored_part& from, std::int64_t sequence, std::size_t index) {
    const auto from_index = static_cast<std::int64_t>(from.index);
    share_file_.bind(sequence, static_cast<std::int64_t>(index), from.sequence, from_index).run();
    if (sqlite3_changes(connection_.handle()) > 0) {
        return std::nullopt;
    }
    read_bodies_.bind(from.sequence);
    if (!read_bodies_.step()) {
        read_bodies_.reset();
        throw sqlite_error(SQLITE_CORRUPT, "a message whose part is to be shared is not there");
    }
    std::vector<std::optional<std::string>> bodies = decode_bodies(read_bodies_.text(0), from.index + 1);
    read_bodies_.reset();
    if (!bodies.at(from.index)) {
        throw sqlite_error(SQLITE_CORRUPT, "the file of a part that is to be shared is not known");
    }
    return bodies[from.index];
}

}  // namespace hawser::engine::sqlite
