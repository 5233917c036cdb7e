#include "certificates/ldap_fetch.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <vector>

#include "base/lower_case.hpp"
#include "base/percent_encoding.hpp"
#include "certificates/guarded_stream.hpp"
#include "certificates/ldap_library.hpp"

namespace hawser::engine {
namespace {

constexpr std::size_t name_size_max = 1024;
constexpr std::size_t envelope_size_max = 64 * 1024;  // of an answer, around the value

std::string lowered_attribute(const std::string& text) { return lower_case(text.substr(0, text.find(';'))); }

// A name or attribute is text.
std::optional<std::string> decoded(const std::string& text) {
    std::optional<std::string> out = percent_decoded(text);
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; };
    return out && std::none_of(out->begin(), out->end(), is_control) ? out : std::nullopt;
}

std::vector<std::string> split_target(const std::string& target) {
    std::vector<std::string> parts{""};
    for (std::size_t i = 1; i < target.size(); ++i) {
        if (target[i] == '?') {
            parts.emplace_back();
        } else {
            parts.back().push_back(target[i]);
        }
    }
    return parts;
}

// libldap's transport, as it wants it: C functions that may not throw.
guarded_stream& stream_of(Sockbuf_IO_Desc* layer) { return *static_cast<guarded_stream*>(layer->sbiod_pvt); }

int keep_stream(Sockbuf_IO_Desc* layer, void* stream) noexcept {
    layer->sbiod_pvt = stream;
    return 0;
}

int do_nothing(Sockbuf_IO_Desc* /*layer*/) noexcept { return 0; }

// Always ready: the stream waits by itself, with its own deadline, and libldap never has to.
int answer_control(Sockbuf_IO_Desc* /*layer*/, int option, void* /*value*/) noexcept {
    return option == LBER_SB_OPT_DATA_READY ? 1 : 0;
}

ber_slen_t read_stream(Sockbuf_IO_Desc* layer, void* buffer, ber_len_t capacity) noexcept {
    boost::system::error_code code = boost::asio::error::no_memory;
    std::size_t size = 0;
    try {
        size = stream_of(layer).read(buffer, capacity, code);
    } catch (const std::exception&) {  // no memory
    }
    errno = EIO;
    return code == boost::asio::error::eof ? 0 : code ? -1 : static_cast<ber_slen_t>(size);
}

ber_slen_t write_stream(Sockbuf_IO_Desc* layer, void* bytes, ber_len_t size) noexcept {
    boost::system::error_code code = boost::asio::error::no_memory;
    std::size_t written = 0;
    try {
        written = stream_of(layer).write(bytes, size, code);
    } catch (const std::exception&) {  // no memory
    }
    errno = EIO;
    return code ? -1 : static_cast<ber_slen_t>(written);
}

Sockbuf_IO transport{&keep_stream, &do_nothing, &answer_control, &read_stream, &write_stream, &do_nothing};

class directory_session {
public:
    directory_session(guarded_stream& stream, const fetch_limits& limits) : library_(ldap_library::get()) {
        LDAP* made = nullptr;
        if (library_.init_fd(stream.descriptor(), LDAP_PROTO_EXT, nullptr, &made) != LDAP_SUCCESS) {
            throw std::bad_alloc();
        }
        session_.reset(made);
        const int version = LDAP_VERSION3;
        const int never = LDAP_DEREF_NEVER;
        ber_len_t size_max = limits.size_max + envelope_size_max;
        Sockbuf* buffer = nullptr;
        library_.set_option(made, LDAP_OPT_PROTOCOL_VERSION, &version);
        library_.set_option(made, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
        library_.set_option(made, LDAP_OPT_DEREF, &never);
        library_.get_option(made, LDAP_OPT_SOCKBUF, &buffer);
        if (buffer == nullptr || library_.sockbuf_add_io(buffer, &transport, LBER_SBIOD_LEVEL_PROVIDER, &stream) != 0 ||
            library_.sockbuf_ctrl(buffer, LBER_SB_OPT_SET_MAX_INCOMING, &size_max) != 1) {
            throw std::bad_alloc();
        }
    }

    result<std::string> read(const ldap_place& place) {
        std::string plain = place.attribute;
        std::string binary = plain + ";binary";  // how RFC 4523 has it asked for; Active Directory knows both
        std::array<char*, 3> attributes{binary.data(), plain.data(), nullptr};
        int id = 0;
        if (library_.search_ext(session_.get(), place.name.c_str(), LDAP_SCOPE_BASE, "(objectClass=*)",
                                attributes.data(), 0, nullptr, nullptr, nullptr, 1, &id) != LDAP_SUCCESS) {
            return fail(server_away, "the request cannot be sent");
        }
        LDAPMessage* received = nullptr;
        const int kind = library_.result(session_.get(), id, LDAP_MSG_ALL, nullptr, &received);
        const message_pointer answer(received);
        if (kind != LDAP_RES_SEARCH_RESULT) {
            return fail(server_away, "it gave no answer that can be read, none in time, or a larger one than is taken");
        }
        int code = LDAP_OTHER;
        if (library_.parse_result(session_.get(), received, &code, nullptr, nullptr, nullptr, nullptr, 0) !=
                LDAP_SUCCESS ||
            code != LDAP_SUCCESS) {
            return fail(answer_unfit, std::string("the directory answered: ") + library_.err2string(code) +
                                          (code == LDAP_REFERRAL ? " (which is not followed)" : ""));
        }
        LDAPMessage* entry = library_.first_entry(session_.get(), received);
        std::optional<std::string> value = entry == nullptr ? std::nullopt : find_value(entry, place.attribute);
        return value ? result<std::string>(std::move(*value))
                     : fail(answer_unfit, "the directory has no " + place.attribute + " there that anybody may read");
    }

private:
    struct unbinder {
        void operator()(LDAP* session) const noexcept { ldap_library::get().unbind_ext(session, nullptr, nullptr); }
    };
    struct message_deleter {
        void operator()(LDAPMessage* message) const noexcept { ldap_library::get().msgfree(message); }
    };
    using message_pointer = std::unique_ptr<LDAPMessage, message_deleter>;

    // The first of the attribute, which may come with an option or without.
    std::optional<std::string> find_value(LDAPMessage* entry, const std::string& attribute) {
        std::optional<std::string> found;
        BerElement* cursor = nullptr;
        for (char* name = library_.first_attribute(session_.get(), entry, &cursor); name != nullptr;
             name = library_.next_attribute(session_.get(), entry, cursor)) {
            berval** values = library_.get_values_len(session_.get(), entry, name);
            if (!found && values != nullptr && values[0] != nullptr && lowered_attribute(name) == attribute) {
                found.emplace(values[0]->bv_val, values[0]->bv_len);
            }
            library_.value_free_len(values);
            library_.memfree(name);
        }
        library_.ber_free(cursor, 0);
        return found;
    }

    const ldap_library& library_;
    std::unique_ptr<LDAP, unbinder> session_;
};

}  // namespace

std::optional<ldap_place> parse_ldap_target(const std::string& target) {
    const std::vector<std::string> parts = split_target(target);
    const std::optional<std::string> name = decoded(parts[0]);
    const std::string attribute = lowered_attribute(parts.size() > 1 ? parts[1] : "");
    const bool is_published = attribute == "certificaterevocationlist" || attribute == "authorityrevocationlist" ||
                              attribute == "deltarevocationlist";
    const bool is_entry = parts.size() < 3 || parts[2].empty() || lowered_attribute(parts[2]) == "base";
    const bool is_plain = parts.size() < 5;
    if (!name || name->empty() || name->size() > name_size_max || !is_published || !is_entry || !is_plain) {
        return std::nullopt;
    }
    return ldap_place{*name, attribute};
}

result<std::string> fetch_ldap(const fetch_url& to, const fetch_limits& limits, const std::atomic<bool>& is_stopping) {
    const std::optional<ldap_place> place = parse_ldap_target(to.target);
    if (!place) {
        return fail(answer_unfit,
                    "only the CRL, CA's CRL or delta CRL attribute of one entry is read from a directory");
    }
    guarded_stream stream(limits, is_stopping);
    if (const result<void> opened = stream.open(to); !opened) {
        return unexpected{opened.error()};
    }
    return directory_session(stream, limits).read(*place);
}

}  // namespace hawser::engine
