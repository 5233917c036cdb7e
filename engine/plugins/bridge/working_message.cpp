#include "plugins/bridge/working_message.hpp"

#include <algorithm>

namespace hawser::engine {

working_message::working_message(const message_environment& environment, identity who, message_context context,
                                 std::vector<part_info> parts, part_opener open_part)
    : environment_(environment),
      who_(std::move(who)),
      context_(std::move(context)),
      parts_(std::move(parts)),
      states_(parts_.size()),
      open_part_(std::move(open_part)) {
    // Only a component may say so, in this attempt: a message that claims it would slip past the composer.
    context_.erase(HAWSER_IS_MIME_ENCODED);
    context_.erase(HAWSER_TRANSFER_ENCODING);
}

working_message::~working_message() { cancel_.close(); }

std::size_t working_message::index_of(std::uint32_t part_index) const noexcept {
    if (part_index != HAWSER_BODY_PART) {
        return part_index < parts_.size() ? part_index : parts_.size();
    }
    std::size_t index = 0;
    while (index < parts_.size() && !parts_[index].is_body) {
        ++index;
    }
    return index;
}

result<hawser_stream> working_message::take_body(std::uint32_t part_index) {
    const std::size_t index = index_of(part_index);
    if (index >= parts_.size()) {
        return fail("message.no-part", "the message has no part " + std::to_string(part_index));
    }
    part_state& state = states_[index];
    if (state.is_taken) {
        return fail("message.taken",
                    "the body of part \"" + parts_[index].name + "\" was taken already and not put back");
    }
    hawser_stream stream = state.replaced.is_open() ? state.replaced.release() : open_part_(index);
    state.is_taken = true;
    return stream;
}

result<void> working_message::put_body(std::uint32_t part_index, const hawser_stream& stream) {
    const std::size_t index = index_of(part_index);
    if (index >= parts_.size()) {
        return fail("message.no-part", "the message has no part " + std::to_string(part_index));
    }
    if (stream.read == nullptr || stream.close == nullptr) {
        return fail("message.stream", "plugin misbehaving: a stream without read or close");
    }
    states_[index].replaced = body_stream(stream);
    states_[index].is_taken = false;
    if (parts_[index].is_body) {
        replaced_body_ = true;
    }
    return {};
}

bool working_message::has_part(std::string_view name) const {
    return std::any_of(parts_.begin(), parts_.end(), [&](const part_info& one) { return one.name == name; }) ||
           std::any_of(added_.begin(), added_.end(), [&](const added_part& one) { return one.info.name == name; });
}

result<void> working_message::check_part(const part_info& info) const {
    if (!accepts_parts_) {
        return fail("message.send", "parts can be changed in a receive pipeline only");
    }
    for (const std::string* text : {&info.name, &info.content_type, &info.charset, &info.file_name}) {
        const bool has_control = std::any_of(text->begin(), text->end(),
                                             [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
        if (has_control || text->size() > part_text_size_max) {
            return fail("message.part",
                        "a part's name, content type, charset or file name has a control character or is too long");
        }
    }
    return {};
}

result<void> working_message::add_part(part_info info, const hawser_stream& stream) {
    if (result<void> checked = check_part(info); !checked) {
        return checked;
    }
    if (stream.read == nullptr || stream.close == nullptr) {
        return fail("message.stream", "plugin misbehaving: a stream without read or close");
    }
    if (parts_.size() + added_.size() >= part_count_max) {
        return fail("message.part", "the message would have more than 1000 parts");
    }
    const std::string base = info.name.empty() ? "part" : info.name;
    info.name = base;
    for (std::size_t number = parts_.size() + added_.size() + 1; has_part(info.name); ++number) {
        info.name = base + '-' + std::to_string(number);
    }
    info.is_body = false;
    added_.push_back({std::move(info), body_stream(stream)});
    return {};
}

result<void> working_message::describe_body(const part_info& as) {
    const std::size_t index = index_of(HAWSER_BODY_PART);
    if (index >= parts_.size()) {
        return fail("message.no-part", "the message has no body part");
    }
    if (result<void> checked = check_part(as); !checked) {
        return checked;
    }
    parts_[index].content_type = as.content_type;
    parts_[index].charset = as.charset;
    parts_[index].file_name = as.file_name;
    return {};
}

void working_message::begin_component(std::uint32_t descriptor_flags) {
    component_flags_ = descriptor_flags;
    is_component_at_work_ = true;
    replaced_body_ = false;
    sealed_now_ = false;
}

void working_message::end_component() {
    is_component_at_work_ = false;
    if (replaced_body_ && !sealed_now_) {
        seals_ = 0;  // whatever was sealed before has been replaced by something that is not
    }
}

bool working_message::report_seal(std::uint32_t seals) {
    if (!is_component_at_work_ || (component_flags_ & HAWSER_FLAG_SEALS) == 0 || !replaced_body_ ||
        (seals & ~(HAWSER_SEAL_SIGNED | HAWSER_SEAL_ENCRYPTED)) != 0) {
        violation_ = "plugin misbehaving: a component reported a seal that it did not declare or make";
        return false;
    }
    seals_ |= seals;
    sealed_now_ = true;
    return true;
}

bool working_message::is_settled(std::string_view name) const {
    return !settled_namespace_.empty() && name.substr(0, settled_namespace_.size()) == settled_namespace_;
}

result<void> working_message::set_property(std::string_view name, context_property property) {
    if (is_settled(name)) {
        violation_ = std::string(name) +
                     " was changed after the message had been composed: put that component before the encoder";
        return fail("message.settled", violation_);
    }
    property.origin = property_origin::component;
    return context_.set(name, std::move(property));
}

result<void> working_message::erase_property(std::string_view name) {
    if (is_settled(name)) {
        violation_ = std::string(name) +
                     " was removed after the message had been composed: put that component before the encoder";
        return fail("message.settled", violation_);
    }
    context_.erase(name);
    return {};
}

}  // namespace hawser::engine
