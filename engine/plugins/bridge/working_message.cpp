#include "plugins/bridge/working_message.hpp"

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
