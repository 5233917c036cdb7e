#include "plugins/bridge/instance_host.hpp"

#include "plugins/bridge/service_tables.hpp"

namespace hawser::engine {

instance_host::instance_host(const engine_services& services, std::string instance_name, std::uint32_t descriptor_flags)
    : services_(services),
      instance_name_(std::move(instance_name)),
      descriptor_flags_(descriptor_flags),
      abi_{sizeof(hawser_host),
           HAWSER_ABI_MAJOR,
           HAWSER_ABI_MINOR,
           0,
           this,
           [](const hawser_host*, hawser_string id) noexcept { return find_service_table(from_abi(id)); }} {}

void instance_config::set_list(const std::string& pointer, const std::vector<std::string>& values) {
    counts_[pointer] = static_cast<std::uint32_t>(values.size());
    std::string joined;
    for (std::size_t i = 0; i < values.size(); ++i) {
        set(pointer + '/' + std::to_string(i), values[i]);
        joined += (i == 0 ? "" : "|") + values[i];
    }
    set(pointer, std::move(joined));
}

const std::string* instance_config::find(std::string_view pointer) const {
    const auto found = values_.find(pointer);
    return found == values_.end() ? nullptr : &found->second.text();
}

std::uint32_t instance_config::count(std::string_view pointer) const {
    const auto found = counts_.find(pointer);
    return found == counts_.end() ? 0 : found->second;
}

}  // namespace hawser::engine
