#include "certificates/ldap_library.hpp"

#include <dlfcn.h>

#include <stdexcept>
#include <string>

namespace hawser::engine {
namespace {

constexpr const char* library_name = "libldap-2.5.so.0";

template <typename Function>
void find(void* library, const char* name, Function& function) {
    function = reinterpret_cast<Function>(::dlsym(library, name));  // those of liblber too, which it needs
    if (function == nullptr) {
        throw std::runtime_error(std::string(library_name) + " has no " + name);
    }
}

ldap_library open() {
    void* library = ::dlopen(library_name, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        throw std::runtime_error(std::string(library_name) + " cannot be loaded: install libldap-2.5-0");
    }
    ldap_library found{};
    find(library, "ldap_init_fd", found.init_fd);
    find(library, "ldap_get_option", found.get_option);
    find(library, "ldap_set_option", found.set_option);
    find(library, "ldap_search_ext", found.search_ext);
    find(library, "ldap_result", found.result);
    find(library, "ldap_parse_result", found.parse_result);
    find(library, "ldap_first_entry", found.first_entry);
    find(library, "ldap_first_attribute", found.first_attribute);
    find(library, "ldap_next_attribute", found.next_attribute);
    find(library, "ldap_get_values_len", found.get_values_len);
    find(library, "ldap_value_free_len", found.value_free_len);
    find(library, "ldap_memfree", found.memfree);
    find(library, "ldap_msgfree", found.msgfree);
    find(library, "ldap_unbind_ext", found.unbind_ext);
    find(library, "ldap_err2string", found.err2string);
    find(library, "ber_free", found.ber_free);
    find(library, "ber_sockbuf_add_io", found.sockbuf_add_io);
    find(library, "ber_sockbuf_ctrl", found.sockbuf_ctrl);
    return found;
}

}  // namespace

const ldap_library& ldap_library::get() {
    static const ldap_library library = open();  // tried again at the next call where it throws
    return library;
}

}  // namespace hawser::engine
