// How a message gets in: one row, one delivery for each subscriber, and its submission key.
#include "base/clock.hpp"
#include "message/codec.hpp"
#include "messagebox/sqlite/box_writer.hpp"
#include "messagebox/sqlite/schema.hpp"

namespace hawser::engine::sqlite {
namespace {

constexpr std::int64_t number_block = 10000;  // reserved at once: a delivery's number never comes twice

std::string encode_bodies(const std::vector<new_part>& parts) {
    byte_encoder out;
    for (const new_part& part : parts) {
        const std::string* bytes = std::get_if<std::string>(&part.body);
        out.u8(bytes != nullptr ? 1 : 0);
        out.text(bytes != nullptr ? std::string_view(*bytes) : std::string_view{});
    }
    return out.take();
}

}  // namespace

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
        insert_key_.bind(message.key, statement::blob{message.content_sha256}, message.message_id).run();
    }
    const std::int64_t sequence = next_number();
    std::vector<part_info> infos;
    std::uint64_t size = 0;
    for (std::size_t i = 0; i < message.parts.size(); ++i) {
        infos.push_back(message.parts[i].info);
        size += infos.back().size;
        if (const auto* staged = std::get_if<staged_body>(&message.parts[i].body)) {
            insert_part_file_.bind(sequence, static_cast<std::int64_t>(i), staged->id).run();
        }
    }
    const std::string context = message.context.encode();
    const std::string parts = encode_parts(infos);
    const std::string bodies = encode_bodies(message.parts);
    const auto count = static_cast<std::int64_t>(message.deliveries.size());
    if (message.key.empty()) {
        insert_message_
            .bind(sequence, message.message_id, statement::null{}, message.published_unix_ms, count, count,
                  static_cast<std::int64_t>(size), statement::blob{context}, statement::blob{parts},
                  statement::blob{bodies})
            .run();
    } else {
        insert_message_
            .bind(sequence, message.message_id, message.key, message.published_unix_ms, count, count,
                  static_cast<std::int64_t>(size), statement::blob{context}, statement::blob{parts},
                  statement::blob{bodies})
            .run();
    }
    for (const new_delivery& delivery : message.deliveries) {
        const bool is_later = delivery.due_unix_ms > message.published_unix_ms;
        insert_delivery_
            .bind(next_number(), sequence, port_id(delivery.port), make_uuid(),
                  static_cast<std::int64_t>(is_later ? row_state::later : row_state::ready),
                  static_cast<std::int64_t>(delivery.is_ordered ? 5 : delivery.priority), delivery.due_unix_ms)
            .run();
    }
    return {};
}

}  // namespace hawser::engine::sqlite
