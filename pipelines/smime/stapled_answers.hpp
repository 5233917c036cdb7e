// Answers about revocation that messages bring along ("stapled"): CRLs and OCSP answers (RFC 5940) beside a signature,
// which no signature of the message covers. Those of one message are hostile until revocation_sources has found the
// signature of a certificate's own issuer on them; what it took for a chain that proved good is kept for the messages
// that follow. What cannot be read is left out: whoever could change it could have taken it out as well.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "ocsp_answers.hpp"
#include "openssl_pointers.hpp"

namespace hawser::smime {

// Either the one or the other.
struct stapled_answer {
    std::shared_ptr<X509_CRL> crl;
    ocsp_answer ocsp;
    std::string digest;
    std::size_t size = 0;
    std::int64_t end_unix = 0;
};

// Of one message; one thread.
class stapled_answers {
public:
    static constexpr std::size_t size_max = 4UL << 20U;  // of all of them
    static constexpr std::size_t count_max = 16;

    bool has_room_for(std::uint64_t size) const noexcept {
        return answers_.size() < count_max && size <= size_max - size_;
    }
    void add_crl(std::string_view der);
    void add_ocsp(std::string_view der);

    const std::vector<stapled_answer>& all() const noexcept { return answers_; }
    const std::string& digest() const noexcept {
        return digest_;
    }  // tells them from other messages'; "" = there is none

private:
    void add(stapled_answer answer, std::string_view der);

    std::vector<stapled_answer> answers_;
    std::string digest_;
    std::size_t size_ = 0;
};

// Of the messages before, verified. Any thread.
class stapled_cache {
public:
    // True: at least one of them was not known.
    bool keep(const std::vector<stapled_answer>& verified, std::int64_t now_unix);
    std::vector<std::shared_ptr<X509_CRL>> crls_of(const X509_NAME* issuer, std::int64_t now_unix) const;
    ocsp_status find_ocsp(X509* certificate, X509* issuer, std::int64_t now_unix) const;
    std::int64_t end_after(std::int64_t now_unix) const;  // the first of them; the largest number where there is none

private:
    static constexpr std::size_t count_max = 256;
    static constexpr std::size_t size_max = 16UL << 20U;

    mutable std::mutex mutex_;
    std::map<std::string, stapled_answer> answers_;  // by digest
    std::size_t size_ = 0;
};

}  // namespace hawser::smime
