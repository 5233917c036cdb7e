#include "smtp_tls_settings.hpp"

#include "secret_property.hpp"
#include "text.hpp"

namespace hawser::smtp {
namespace {

constexpr std::size_t block_size = 16UL * 1024;

std::string read_trusted(const message& one, const std::string& path) {
    body_stream file = one.host().open_file(one.abi(), "SMTP.TLSTrustedCertificates", path);
    std::string text;
    std::string block(block_size, '\0');
    while (const std::size_t size = file.read(block.data(), block.size())) {
        text.append(block, 0, size);
        if (text.size() > trusted_size_max) {
            throw failure("the file \"" + shown(path) + "\" that TLSTrustedCertificates names is larger than " +
                          std::to_string(trusted_size_max) + " bytes");
        }
    }
    return text.empty() ? "\n" : text;  // an empty file trusts nobody; it does not mean the default
}

}  // namespace

void add_tls_properties(config_spec& spec) {
    spec.enumeration("TLSMinimumVersion", "The least version of TLS.", "1.2=0|1.3=1", "1.2")
        .with(property_flag::guards_secrets)
        .string("TLSTrustedCertificates",
                "A PEM file with the authorities to trust, and their revocation lists; default: the host's trusted "
                "folder, or the system's.")
        .with(property_flag::guards_secrets)
        .size_max(4096)
        .string("TLSPinnedKeys",
                "Keys of which one must be in the server's verified chain: sha256/BASE64 of the SubjectPublicKeyInfo, "
                "several with commas between.")
        .with(property_flag::guards_secrets)
        .size_max(4096)
        .string("TLSClientCertificate",
                "Our own certificate, its chain and its private key in PEM, for servers that ask.")
        .with(property_flag::secret)
        .size_max(256L * 1024)
        .boolean("RequireTLS",
                 "Every server on the way must use verified TLS (RFC 8689); fails where REQUIRETLS is not offered.",
                 "false");
}

void validate_tls(const config& values, problems& found) {
    std::vector<std::string> pins;
    std::string why;
    if (!parse_pinned_keys(values.string("/TLSPinnedKeys"), pins, why)) {
        found.error("/TLSPinnedKeys", why);
    }
    if (values.string("/TLS") != "none") {
        return;
    }
    for (const char* name : {"/TLSTrustedCertificates", "/TLSPinnedKeys", "/TLSClientCertificate"}) {
        if (!values.string(name).empty()) {
            found.error(name, "TLS is none, so this would do nothing: use starttls or implicit");
        }
    }
    if (values.boolean("/RequireTLS")) {
        found.error("/RequireTLS", "TLS is none: use starttls or implicit");
    }
}

tls_policy read_tls_policy(const message& one, const delivery_context& handle) {
    tls_policy policy;
    std::string why;
    policy.needs_tls_1_3 = one.get_or("SMTP.TLSMinimumVersion", "1.2") == "1.3";
    if (!parse_pinned_keys(one.get_or("SMTP.TLSPinnedKeys", ""), policy.pinned_keys, why)) {
        throw failure("SMTP.TLSPinnedKeys: " + why);
    }
    if (const std::string path = one.get_or("SMTP.TLSTrustedCertificates", ""); !path.empty()) {
        policy.trusted = read_trusted(one, path);
    }
    policy.client_certificate = secret_of(handle, "TLSClientCertificate");
    return policy;
}

}  // namespace hawser::smtp
