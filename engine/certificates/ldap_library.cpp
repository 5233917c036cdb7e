#include "certificates/ldap_library.hpp"

#include "base/shared_library.hpp"

namespace hawser::engine {
namespace {

ldap_library open_ldap() {
    const shared_library library("libldap-2.5.so.0", "libldap-2.5-0");  // it brings liblber
    ldap_library found{};
    library.find("ldap_init_fd", found.init_fd);
    library.find("ldap_get_option", found.get_option);
    library.find("ldap_set_option", found.set_option);
    library.find("ldap_search_ext", found.search_ext);
    library.find("ldap_result", found.result);
    library.find("ldap_parse_result", found.parse_result);
    library.find("ldap_first_entry", found.first_entry);
    library.find("ldap_first_attribute", found.first_attribute);
    library.find("ldap_next_attribute", found.next_attribute);
    library.find("ldap_get_values_len", found.get_values_len);
    library.find("ldap_value_free_len", found.value_free_len);
    library.find("ldap_memfree", found.memfree);
    library.find("ldap_msgfree", found.msgfree);
    library.find("ldap_unbind_ext", found.unbind_ext);
    library.find("ldap_err2string", found.err2string);
    library.find("ber_free", found.ber_free);
    library.find("ber_sockbuf_add_io", found.sockbuf_add_io);
    library.find("ber_sockbuf_ctrl", found.sockbuf_ctrl);
    return found;
}

}  // namespace

const ldap_library& ldap_library::get() {
    static const ldap_library library = open_ldap();  // tried again at the next call where it throws
    return library;
}

}  // namespace hawser::engine
