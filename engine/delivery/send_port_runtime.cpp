#include "delivery/send_port_runtime.hpp"

#include "pipeline/worker_pool.hpp"

namespace hawser::engine {
namespace {
constexpr std::uint32_t blocking_thread_count_default = 4;
}

adapter_instance::adapter_instance(const hawser_descriptor& descriptor, std::unique_ptr<instance_host> host,
                                   std::unique_ptr<instance_config> config, hawser_instance instance)
    : descriptor_(descriptor), host_(std::move(host)), config_(std::move(config)), instance_(instance) {
    if (is_blocking()) {
        make_threads(descriptor.max_in_flight == 0 ? blocking_thread_count_default : descriptor.max_in_flight);
    }
}

void adapter_instance::make_threads(unsigned count) {
    try {
        threads_ = std::make_unique<worker_pool>(count);
    } catch (...) {
        table().destroy(instance_.self);  // which is this object's from the start
        throw;
    }
}

adapter_instance::~adapter_instance() {
    threads_.reset();
    table().destroy(instance_.self);
}

void adapter_instance::transmit(hawser_delivery* delivery) {
    if (threads_) {
        threads_->post([this, delivery] { table().transmit(instance_.self, delivery); });
    } else {
        table().transmit(instance_.self, delivery);
    }
}

void adapter_instance::stop() {
    if (table().stop != nullptr) {
        table().stop(instance_.self);
    }
}

compose_function adapter_instance::composer() {
    if (table().get_interface == nullptr) {
        return {};
    }
    const auto* composer =
        static_cast<const hawser_composer*>(table().get_interface(instance_.self, to_abi(HAWSER_COMPOSER)));
    if (composer == nullptr) {
        return {};
    }
    return [this, composer](working_message& message, std::string& error) {
        error_text sink;
        const hawser_status status = composer->compose(instance_.self, message.abi(), sink.abi());
        error = sink.text();
        return status;
    };
}

hawser_status adapter_instance::preview(working_message& message, std::string& text, std::string& error) {
    if (table().preview == nullptr) {
        return HAWSER_OK;
    }
    error_text error_sink;
    const hawser_text_sink sink{&text, [](void* self, hawser_string piece) noexcept {
                                    static_cast<std::string*>(self)->append(from_abi(piece));
                                }};
    const hawser_status status = table().preview(instance_.self, message.abi(), &sink, error_sink.abi());
    error = error_sink.text();
    return status;
}

hawser_status adapter_instance::probe(hawser_delivery* delivery, const hawser_finding_sink& found, std::string& error) {
    const auto* probe =
        table().get_interface == nullptr
            ? nullptr
            : static_cast<const hawser_probe*>(table().get_interface(instance_.self, to_abi(HAWSER_PROBE)));
    if (probe == nullptr || probe->struct_size < sizeof(hawser_probe)) {
        return HAWSER_UNSUPPORTED;
    }
    error_text error_sink;
    const hawser_status status = probe->probe(instance_.self, delivery, &found, error_sink.abi());
    error = error_sink.text();
    return status;
}

const std::string* transport_runtime::find_secret(std::string_view name, const message_context& context) const {
    const auto found = secrets.find(std::string(name));
    return found == secrets.end() || !found->second.is_allowed(context) ? nullptr : &found->second.value();
}

bool transport_secret::is_allowed(const message_context& context) const {
    for (const auto& [name, configured] : guards_) {
        if (context.text_or(name, "") != configured) {
            return false;
        }
    }
    return true;
}

}  // namespace hawser::engine
