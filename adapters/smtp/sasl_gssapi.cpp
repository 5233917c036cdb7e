#include "sasl_gssapi.hpp"

#include <gssapi/gssapi_krb5.h>
#include <krb5/krb5.h>

#include <algorithm>
#include <array>

#include "gss_library.hpp"

namespace hawser::smtp {
namespace {

// 1.3.6.1.4.1.311.2.2.10 (MS-NLMP) and 1.2.840.113554.1.2.2 (RFC 4121).
std::array<unsigned char, 10> ntlm_oid{0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a};
std::array<unsigned char, 9> kerberos_oid{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02};
// 1.2.840.113554.1.2.1.4 and .1: GSS_C_NT_HOSTBASED_SERVICE and GSS_C_NT_USER_NAME, which are variables of the library.
std::array<unsigned char, 10> service_oid{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x01, 0x04};
std::array<unsigned char, 10> user_oid{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x01, 0x01};
constexpr unsigned char no_security_layer = 1;  // RFC 4752 section 3.3; TLS is below

template <std::size_t Size>
gss_OID_desc oid_of(std::array<unsigned char, Size>& bytes) {
    return {static_cast<OM_uint32>(bytes.size()), bytes.data()};
}

gss_buffer_desc buffer_of(std::string_view text) { return {text.size(), const_cast<char*>(text.data())}; }

// What passes by itself, or when somebody renews a ticket: not the operator's mistake in the bindings.
bool is_passing(OM_uint32 major, OM_uint32 minor) {
    const auto code = static_cast<krb5_error_code>(minor);
    return GSS_ROUTINE_ERROR(major) == GSS_S_CREDENTIALS_EXPIRED || code == KRB5_KDC_UNREACH ||
           code == KRB5_REALM_CANT_RESOLVE || code == KRB5KRB_AP_ERR_TKT_EXPIRED;
}

class gssapi_mechanism final : public sasl_mechanism {
public:
    gssapi_mechanism(bool is_kerberos, gssapi_settings settings)
        : is_kerberos_(is_kerberos),
          settings_(std::move(settings)),
          oid_(is_kerberos ? oid_of(kerberos_oid) : oid_of(ntlm_oid)) {}
    ~gssapi_mechanism() override {
        if (library_ != nullptr) {
            OM_uint32 ignored = 0;
            library_->delete_sec_context(&ignored, &context_, GSS_C_NO_BUFFER);
            library_->release_cred(&ignored, &credentials_);
            library_->release_name(&ignored, &target_);
        }
    }
    gssapi_mechanism(const gssapi_mechanism&) = delete;
    gssapi_mechanism& operator=(const gssapi_mechanism&) = delete;

    bool has_initial_response() const override { return true; }
    bool may_succeed() const override { return is_established_ && (!is_kerberos_ || is_layer_chosen_); }

    secret_text respond(std::string_view challenge) override {
        if (!is_started_) {
            is_started_ = true;
            library_ = &gss_library::get();
            import(("smtp@" + settings_.host), service_oid, target_);
            acquire();
            return step({});
        }
        if (!is_established_) {
            return step(challenge);
        }
        if (!is_kerberos_ || is_layer_chosen_) {
            throw sasl_failure("the server goes on after the end of the exchange");
        }
        return choose_layer(challenge);
    }

private:
    void check(OM_uint32 major, OM_uint32 minor, const char* doing) {
        if (!GSS_ERROR(major)) {
            return;
        }
        const std::string text = std::string(doing) + " failed: " + library_->text_of(major, minor, &oid_);
        if (is_passing(major, minor)) {
            throw sasl_trouble(text);
        }
        throw sasl_failure(text);
    }

    template <std::size_t Size>
    void import(const std::string& text, std::array<unsigned char, Size>& kind, gss_name_t& name) {
        OM_uint32 minor = 0;
        gss_OID_desc oid = oid_of(kind);
        gss_buffer_desc buffer = buffer_of(text);
        check(library_->import_name(&minor, &buffer, &oid, &name), minor, "reading a name");
    }

    void acquire() {
        OM_uint32 minor = 0;
        gss_OID_set_desc mechanisms{1, &oid_};
        gss_name_t user = GSS_C_NO_NAME;
        if (!settings_.username.empty()) {
            import(settings_.username, user_oid, user);
        }
        OM_uint32 major = GSS_S_COMPLETE;
        if (settings_.password.is_empty()) {
            major = library_->acquire_cred(&minor, user, GSS_C_INDEFINITE, &mechanisms, GSS_C_INITIATE, &credentials_,
                                           nullptr, nullptr);
        } else {
            secret_text terminated = settings_.password;  // gss-ntlmssp reads to the NUL, whatever the length says
            terminated += std::string_view("\0", 1);
            gss_buffer_desc password = buffer_of(settings_.password.view());
            password.value = terminated.data();
            major = library_->acquire_cred_with_password(&minor, user, &password, GSS_C_INDEFINITE, &mechanisms,
                                                         GSS_C_INITIATE, &credentials_, nullptr, nullptr);
        }
        OM_uint32 ignored = 0;
        library_->release_name(&ignored, &user);
        check(major, minor, settings_.password.is_empty() ? "finding the current credentials" : "logging in");
    }

    secret_text step(std::string_view challenge) {
        OM_uint32 minor = 0;
        gss_buffer_desc input = buffer_of(challenge);
        gss_buffer_desc output = GSS_C_EMPTY_BUFFER;
        const OM_uint32 flags = is_kerberos_ ? GSS_C_MUTUAL_FLAG | GSS_C_INTEG_FLAG : GSS_C_INTEG_FLAG;
        const OM_uint32 major = library_->init_sec_context(
            &minor, credentials_, &context_, target_, &oid_, flags, GSS_C_INDEFINITE, GSS_C_NO_CHANNEL_BINDINGS,
            challenge.empty() ? GSS_C_NO_BUFFER : &input, nullptr, &output, nullptr, nullptr);
        secret_text response({static_cast<const char*>(output.value), output.length});
        OM_uint32 ignored = 0;
        library_->release_buffer(&ignored, &output);
        check(major, minor, is_kerberos_ ? "Kerberos" : "NTLM");
        is_established_ = major == GSS_S_COMPLETE;
        return response;
    }

    // RFC 4752 section 3.1: the server says which layers it has, we take none, and act as the user that we are.
    secret_text choose_layer(std::string_view challenge) {
        OM_uint32 minor = 0;
        gss_buffer_desc input = buffer_of(challenge);
        gss_buffer_desc offer = GSS_C_EMPTY_BUFFER;
        check(library_->unwrap(&minor, context_, &input, &offer, nullptr, nullptr), minor,
              "reading the server's layers");
        const bool has_none = offer.length == 4 && (*static_cast<unsigned char*>(offer.value) & no_security_layer) != 0;
        OM_uint32 ignored = 0;
        library_->release_buffer(&ignored, &offer);
        if (!has_none) {
            throw sasl_failure("the server demands a GSSAPI security layer, although there is TLS");
        }
        gss_buffer_desc wanted = buffer_of(std::string_view("\1\0\0\0", 4));
        gss_buffer_desc wrapped = GSS_C_EMPTY_BUFFER;
        check(library_->wrap(&minor, context_, 0, GSS_C_QOP_DEFAULT, &wanted, nullptr, &wrapped), minor,
              "answering it");
        secret_text response({static_cast<const char*>(wrapped.value), wrapped.length});
        library_->release_buffer(&ignored, &wrapped);
        is_layer_chosen_ = true;
        return response;
    }

    bool is_kerberos_;
    gssapi_settings settings_;
    const gss_library* library_ = nullptr;
    gss_OID_desc oid_;
    gss_name_t target_ = GSS_C_NO_NAME;
    gss_cred_id_t credentials_ = GSS_C_NO_CREDENTIAL;
    gss_ctx_id_t context_ = GSS_C_NO_CONTEXT;
    bool is_started_ = false;
    bool is_established_ = false;
    bool is_layer_chosen_ = false;
};

}  // namespace

std::unique_ptr<sasl_mechanism> make_gssapi_mechanism(std::string_view name, gssapi_settings settings) {
    return std::make_unique<gssapi_mechanism>(name == "GSSAPI", std::move(settings));
}

}  // namespace hawser::smtp
