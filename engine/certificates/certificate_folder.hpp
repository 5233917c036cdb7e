// The certificates of one folder, and how they are kept while its files change. Values; folder_reader is used by one
// thread at a time. A file that cannot be read is a problem that names it, and never keeps the others from being used.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/secret_text.hpp"
#include "certificates/certificate_file.hpp"

namespace hawser::engine {

struct certificate_folder {
    std::vector<certificate_entry> certificates;
    std::vector<crl_entry> crls;
    std::vector<std::string> problems;  // "certs/x.pem: …"
};

using certificate_passwords = std::map<std::string, secret_text>;  // by file name, without the folder

// Once, as it is.
certificate_folder read_certificate_folder(const std::string& folder, const certificate_passwords& passwords = {});

// What is wrong with that file; "" = nothing is.
std::string problem_of_file(const certificate_folder& folder, const std::string& file_name);

enum class certificate_role : std::uint8_t { signer = 1, recipient };

// By SHA-1 or SHA-256 thumbprint (case and what is no letter or digit do not matter), by file name, or by a URI that a
// certificate in a token fits ("pkcs11:object=bus"); nullptr = none. Of a file, or of a token's that fit, with several:
// no authority is a recipient, and none that has not the usages for its role, as long as there are others; of those
// with a private key the newest that is valid, else the newest; where none has a key the first, or, where that is not
// valid, the newest valid one of the same subject.
const certificate_entry* find_certificate(const certificate_folder& folder, const std::string& selector,
                                          certificate_role role, std::int64_t now_unix);

// How thoroughly refresh() looks.
enum class folder_look : std::uint8_t {
    settled = 1,  // takes a file once it has stayed the same from one look to the next
    at_once       // takes every file as it is now, those with a problem again
};

// Reads what has changed, whole files only: where a file that was read before is now half written, cannot be read, or
// has a certificate whose key is not there yet, what it held before stays in use, as a problem, and it is read again
// whenever the folder changes. A key whose file is replaced serves its certificate until that is replaced too.
class folder_reader {
public:
    folder_reader(std::string folder, const certificate_passwords& passwords)
        : folder_(std::move(folder)), passwords_(passwords) {}

    const std::string& name() const noexcept { return folder_; }
    // True: content() is another now.
    bool refresh(folder_look look);
    certificate_folder content() const;

private:
    struct file_stamp {
        std::uint64_t device = 0, inode = 0, size = 0;
        std::int64_t modified_ns = 0, changed_ns = 0;
        unsigned mode = 0;
        bool operator==(const file_stamp&) const = default;
    };
    struct known_file {
        file_stamp seen;   // at the last look
        file_stamp taken;  // when it was read
        bool was_read = false;
        bool is_missing = false;                      // it was not there at the last look
        bool is_whole = false;                        // `content` was read without a problem
        certificate_file content;                     // what is in use of it
        std::vector<private_key_handle> former_keys;  // of what stood in it before, that a certificate still needs
        std::string problem;
    };
    using fresh_files = std::map<std::string, certificate_file>;  // by file name

    std::map<std::string, file_stamp> list_files();
    bool remove_missing(const std::map<std::string, file_stamp>& found, folder_look look);
    fresh_files read_changed(const std::map<std::string, file_stamp>& found, folder_look look, bool has_removed);
    certificate_file read(known_file& file, const std::string& name) const;
    bool has_key(const std::vector<certificate_entry>& certificates, const fresh_files& fresh) const;
    std::string reason_to_wait(const known_file& file, const certificate_file& fresh, const fresh_files& all) const;
    void drop_needless_keys();

    std::string folder_;
    const certificate_passwords& passwords_;
    std::map<std::string, known_file> files_;  // by file name
    std::string folder_problem_;
};

}  // namespace hawser::engine
