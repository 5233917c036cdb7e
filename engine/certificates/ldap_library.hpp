// OpenLDAP's client library, opened with dlopen on first use: a host whose certificates name no directory never loads
// it, nor the TLS library that it brings. Never closed. Thread-safe.
#pragma once

#include <ldap.h>
#include <openldap.h>

namespace hawser::engine {

struct ldap_library {
    static const ldap_library& get();  // throws std::runtime_error where it is not installed

    decltype(&::ldap_init_fd) init_fd;
    decltype(&::ldap_get_option) get_option;
    decltype(&::ldap_set_option) set_option;
    decltype(&::ldap_search_ext) search_ext;
    decltype(&::ldap_result) result;
    decltype(&::ldap_parse_result) parse_result;
    decltype(&::ldap_first_entry) first_entry;
    decltype(&::ldap_first_attribute) first_attribute;
    decltype(&::ldap_next_attribute) next_attribute;
    decltype(&::ldap_get_values_len) get_values_len;
    decltype(&::ldap_value_free_len) value_free_len;
    decltype(&::ldap_memfree) memfree;
    decltype(&::ldap_msgfree) msgfree;
    decltype(&::ldap_unbind_ext) unbind_ext;
    decltype(&::ldap_err2string) err2string;
    decltype(&::ber_free) ber_free;
    decltype(&::ber_sockbuf_add_io) sockbuf_add_io;
    decltype(&::ber_sockbuf_ctrl) sockbuf_ctrl;
};

}  // namespace hawser::engine
