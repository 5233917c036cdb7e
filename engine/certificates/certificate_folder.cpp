#include "certificates/certificate_folder.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <iterator>
#include <utility>

#include "base/openssl_pointers.hpp"
#include "base/secret_file.hpp"
#include "certificates/pkcs11_uri.hpp"

namespace hawser::engine {
namespace {

namespace fs = std::filesystem;

constexpr const char* former_stays = "; what it held before stays in use, and it is read again when something changes";

bool is_pair(X509* certificate, const private_key_handle& key) {
    const bool is_right = X509_check_private_key(certificate, key.get()) == 1;
    ERR_clear_error();  // it is another certificate's
    return is_right;
}

std::string pkcs8_of(EVP_PKEY* key) {
    const std::unique_ptr<PKCS8_PRIV_KEY_INFO, openssl_deleter<&PKCS8_PRIV_KEY_INFO_free>> info(EVP_PKEY2PKCS8(key));
    return info ? der_of(info.get(), &i2d_PKCS8_PRIV_KEY_INFO) : std::string{};
}

std::string key_of(const certificate_entry& entry, const std::vector<private_key_handle>& keys) {
    const x509_pointer certificate = keys.empty() ? nullptr : x509_of(entry.der);
    const auto found =
        std::find_if(keys.begin(), keys.end(), [&](const auto& key) { return is_pair(certificate.get(), key); });
    return found == keys.end() ? "" : pkcs8_of(found->get());
}

// As a person may paste it: "0x", separators, and what Windows' certificate dialog puts before it (U+200E) are no part
// of it. "" = it is no thumbprint.
std::string plain_thumbprint(std::string_view selector) {
    std::string plain;
    for (const char given : selector) {
        const auto c = static_cast<unsigned char>(given);
        const bool is_prefix = plain == "0" && (c == 'x' || c == 'X');
        if (is_prefix) {
            plain.clear();
        } else if (std::isxdigit(c) != 0) {
            plain += static_cast<char>(std::tolower(c));
        } else if (c < 0x80 && std::isalpha(c) != 0) {
            return {};
        }
    }
    return plain.size() == 40 || plain.size() == 64 ? plain : std::string{};
}

// Which of two of one file is better to use.
bool is_better(const certificate_entry& one, const certificate_entry& other, std::int64_t now_unix) {
    if (one.is_valid_at(now_unix) != other.is_valid_at(now_unix)) {
        return one.is_valid_at(now_unix);
    }
    return one.not_before_unix > other.not_before_unix;
}

using certificate_choice = std::vector<const certificate_entry*>;
using certificate_test = std::function<bool(const certificate_entry&)>;

// Leaves those that are wanted, if there are any.
void narrow(certificate_choice& among, const certificate_test& is_wanted) {
    certificate_choice wanted;
    std::copy_if(among.begin(), among.end(), std::back_inserter(wanted),
                 [&](const auto* one) { return is_wanted(*one); });
    if (!wanted.empty()) {
        among = std::move(wanted);
    }
}

bool has_private_key(const certificate_entry& entry) { return !entry.private_key.empty(); }

const certificate_entry* find_best(const certificate_folder& folder, const certificate_test& is_meant,
                                   certificate_role role, std::int64_t now_unix) {
    certificate_choice among;
    for (const certificate_entry& entry : folder.certificates) {
        if (is_meant(entry)) {
            among.push_back(&entry);
        }
    }
    if (among.empty()) {
        return nullptr;
    }
    if (role == certificate_role::recipient) {
        narrow(among, [](const certificate_entry& one) { return !one.usage.is_authority; });
        narrow(among, [](const certificate_entry& one) { return one.usage.fits_encryption; });
        narrow(among, &has_private_key);
    } else {
        narrow(among, &has_private_key);
        narrow(among, [](const certificate_entry& one) { return one.usage.fits_signing; });
    }
    if (const certificate_entry* first = among.front(); !has_private_key(*first)) {
        std::erase_if(among,
                      [&](const auto* one) { return one->subject != first->subject || !one->is_valid_at(now_unix); });
        if (first->is_valid_at(now_unix) || among.empty()) {
            return first;
        }
    }
    return *std::min_element(among.begin(), among.end(),
                             [&](const auto* one, const auto* other) { return is_better(*one, *other, now_unix); });
}

}  // namespace

certificate_folder read_certificate_folder(const std::string& folder, const certificate_passwords& passwords) {
    folder_reader reader(folder, passwords);
    reader.refresh(folder_look::at_once);
    return reader.content();
}

std::string problem_of_file(const certificate_folder& folder, const std::string& file_name) {
    const auto found = std::find_if(folder.problems.begin(), folder.problems.end(), [&](const std::string& problem) {
        return problem.find('/' + file_name + ": ") != std::string::npos;
    });
    return found == folder.problems.end() ? "" : *found;
}

const certificate_entry* find_certificate(const certificate_folder& folder, const std::string& selector,
                                          certificate_role role, std::int64_t now_unix) {
    const std::string thumbprint = plain_thumbprint(selector);
    for (const certificate_entry& entry : folder.certificates) {
        if (!thumbprint.empty() && (entry.sha1 == thumbprint || entry.sha256 == thumbprint)) {
            return &entry;
        }
    }
    if (const result<pkcs11_uri> wanted = parse_pkcs11_uri(selector); wanted) {
        const auto fits_uri = [&](const certificate_entry& entry) {
            const result<pkcs11_uri> uri = parse_pkcs11_uri(entry.uri);
            return uri && fits(*wanted, *uri);
        };
        return find_best(folder, fits_uri, role, now_unix);
    }
    return find_best(
        folder, [&](const certificate_entry& entry) { return entry.file_name == selector; }, role, now_unix);
}

std::map<std::string, folder_reader::file_stamp> folder_reader::list_files() {
    const auto ns_of = [](const timespec& time) { return time.tv_sec * std::int64_t{1'000'000'000} + time.tv_nsec; };
    std::map<std::string, file_stamp> found;
    std::error_code failure;
    for (auto entry = fs::directory_iterator(folder_, failure); !failure && entry != fs::directory_iterator();
         entry.increment(failure)) {
        const std::string name = entry->path().filename().string();
        struct stat status {};
        if (name.front() != '.' && ::stat(entry->path().c_str(), &status) == 0 && S_ISREG(status.st_mode)) {
            found[name] = {status.st_dev,         status.st_ino,         static_cast<std::uint64_t>(status.st_size),
                           ns_of(status.st_mtim), ns_of(status.st_ctim), status.st_mode};
        }
    }
    folder_problem_ = failure ? folder_ + ": the folder cannot be read: " + failure.message() : "";
    return found;
}

certificate_file folder_reader::read(known_file& file, const std::string& name) const {
    certificate_file content;
    const result<secret_text> bytes =
        read_secret_file((fs::path(folder_) / name).string(), certificate_file_size_max);  // it may have a private key
    file.was_read = bytes.has_value();  // else it is tried at every look
    file.taken = file.seen;
    if (file.was_read) {
        const auto password = passwords_.find(name);
        content = read_certificate_file(bytes->text(), name,
                                        password == passwords_.end() ? nullptr : &password->second.text());
    } else {
        content.problem = "it cannot be read: check that this user may read it";
    }
    return content;
}

// Some programs remove a file before they write it anew.
bool folder_reader::remove_missing(const std::map<std::string, file_stamp>& found, folder_look look) {
    bool has_removed = false;
    for (auto file = files_.begin(); file != files_.end();) {
        const bool is_gone = found.count(file->first) == 0;
        const bool is_settled = look == folder_look::at_once || file->second.is_missing;
        file->second.is_missing = is_gone;
        has_removed = has_removed || (is_gone && is_settled);
        file = is_gone && is_settled ? files_.erase(file) : std::next(file);
    }
    return has_removed;
}

// What has changed, and what had a problem where anything has: its other half may be in another file.
folder_reader::fresh_files folder_reader::read_changed(const std::map<std::string, file_stamp>& found, folder_look look,
                                                       bool has_removed) {
    std::vector<std::string> due;
    for (const auto& [name, stamp] : found) {
        known_file& file = files_[name];
        const bool is_settled = look == folder_look::at_once || file.seen == stamp;
        file.seen = stamp;
        if (is_settled && (!file.was_read || file.taken != stamp)) {
            due.push_back(name);
        }
    }
    if (has_removed || !due.empty() || look == folder_look::at_once) {
        for (const auto& [name, file] : files_) {
            if (file.was_read && file.taken == file.seen && !file.problem.empty()) {
                due.push_back(name);
            }
        }
    }
    fresh_files fresh;
    for (const std::string& name : due) {
        fresh[name] = read(files_[name], name);
    }
    return fresh;
}

// Whether one of the certificates has its key in `fresh`, or in a file that is not there.
bool folder_reader::has_key(const std::vector<certificate_entry>& certificates, const fresh_files& fresh) const {
    const auto is_in = [](const std::vector<private_key_handle>& keys, X509* certificate) {
        return std::any_of(keys.begin(), keys.end(), [&](const auto& key) { return is_pair(certificate, key); });
    };
    return std::any_of(certificates.begin(), certificates.end(), [&](const certificate_entry& entry) {
        const x509_pointer certificate = x509_of(entry.der);
        return std::any_of(fresh.begin(), fresh.end(),
                           [&](const auto& one) { return is_in(one.second.keys, certificate.get()); }) ||
               std::any_of(files_.begin(), files_.end(), [&](const auto& one) {
                   return fresh.count(one.first) == 0 && is_in(one.second.content.keys, certificate.get());
               });
    });
}

// Why what the file held before stays in use; "" = it does not.
std::string folder_reader::reason_to_wait(const known_file& file, const certificate_file& fresh,
                                          const fresh_files& all) const {
    if (!file.is_whole) {
        return {};
    }
    if (!fresh.problem.empty()) {
        return fresh.problem + former_stays;
    }
    return has_key(file.content.certificates, {}) && !has_key(fresh.certificates, all)
               ? std::string("its certificate has no private key in this folder yet") + former_stays
               : "";
}

bool folder_reader::refresh(folder_look look) {
    const std::string former_problem = folder_problem_;
    const std::map<std::string, file_stamp> found = list_files();
    if (!folder_problem_.empty()) {
        return folder_problem_ != former_problem;  // what was read stays in use
    }
    const bool has_removed = remove_missing(found, look);
    fresh_files fresh = read_changed(found, look, has_removed);
    std::map<std::string, std::string> waiting;
    for (const auto& [name, content] : fresh) {  // all before any is taken: a certificate and its key may be two files
        waiting[name] = reason_to_wait(files_[name], content, fresh);
    }
    for (auto& [name, content] : fresh) {
        known_file& file = files_[name];
        if (!waiting[name].empty()) {
            file.problem = waiting[name];
            continue;
        }
        file.problem = std::exchange(content.problem, {});
        file.is_whole = file.problem.empty();
        std::move(file.content.keys.begin(), file.content.keys.end(), std::back_inserter(file.former_keys));
        file.content = std::move(content);
    }
    drop_needless_keys();
    return has_removed || !fresh.empty() || folder_problem_ != former_problem;
}

// A former key is needed by a certificate that has no other: its own file was replaced, the certificate's not yet.
void folder_reader::drop_needless_keys() {
    for (auto& [name, file] : files_) {
        std::erase_if(file.former_keys, [this](const private_key_handle& key) {
            return std::none_of(files_.begin(), files_.end(), [&](const auto& one) {
                const std::vector<certificate_entry>& all = one.second.content.certificates;
                return std::any_of(all.begin(), all.end(), [&](const certificate_entry& entry) {
                    return is_pair(x509_of(entry.der).get(), key) && !has_key({entry}, {});
                });
            });
        });
    }
}

certificate_folder folder_reader::content() const {
    certificate_folder all;
    std::vector<private_key_handle> keys;
    for (const auto& [name, file] : files_) {
        keys.insert(keys.end(), file.content.keys.begin(), file.content.keys.end());
        keys.insert(keys.end(), file.former_keys.begin(), file.former_keys.end());
    }
    if (!folder_problem_.empty()) {
        all.problems.push_back(folder_problem_);
    }
    for (const auto& [name, file] : files_) {
        const std::string path = (fs::path(folder_) / name).string();
        if (!file.problem.empty()) {
            all.problems.push_back(path + ": " + file.problem);
        }
        if (!file.content.keys.empty() && (file.taken.mode & (S_IRGRP | S_IROTH)) != 0) {
            all.problems.push_back(path + ": other users may read this private key: chmod 600 " + path);
        }
        for (const certificate_entry& entry : file.content.certificates) {
            all.certificates.push_back(entry);
            all.certificates.back().private_key = key_of(entry, keys);
        }
        all.crls.insert(all.crls.end(), file.content.crls.begin(), file.content.crls.end());
    }
    return all;
}

}  // namespace hawser::engine
