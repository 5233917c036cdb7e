#include "stapled_answers.hpp"

#include <algorithm>
#include <limits>

#include "sha256.hpp"
#include "trust_material.hpp"

namespace hawser::smime {
void stapled_answers::add(stapled_answer answer, std::string_view der) {
    answer.size = der.size();
    answer.digest = sha256_of(der);
    size_ += der.size();
    digest_ = sha256_of(digest_ + answer.digest);
    answers_.push_back(std::move(answer));
}

void stapled_answers::add_crl(std::string_view der) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
    stapled_answer answer;
    answer.crl.reset(has_room_for(der.size()) ? d2i_X509_CRL(nullptr, &bytes, static_cast<long>(der.size())) : nullptr,
                     &X509_CRL_free);
    if (answer.crl) {
        answer.end_unix = unix_time(X509_CRL_get0_nextUpdate(answer.crl.get()));
        add(std::move(answer), der);
    }
    ERR_clear_error();
}

void stapled_answers::add_ocsp(std::string_view der) {
    stapled_answer answer;
    answer.ocsp = has_room_for(der.size()) ? parse_ocsp_answer(der) : nullptr;
    if (answer.ocsp) {
        answer.end_unix = first_end_of(answer.ocsp);
        add(std::move(answer), der);
    }
    ERR_clear_error();
}

bool stapled_cache::keep(const std::vector<stapled_answer>& verified, std::int64_t now_unix) {
    const std::lock_guard lock(mutex_);
    std::erase_if(answers_, [&](const auto& one) {
        const bool is_over = one.second.end_unix <= now_unix;
        size_ -= is_over ? one.second.size : 0;
        return is_over;
    });
    bool is_new = false;
    for (const stapled_answer& one : verified) {
        if (one.end_unix <= now_unix || answers_.count(one.digest) != 0) {
            continue;
        }
        if (answers_.size() >= count_max || one.size > size_max - size_) {
            answers_.clear();  // senders may be as many as they like
            size_ = 0;
        }
        answers_.emplace(one.digest, one);
        size_ += one.size;
        is_new = true;
    }
    return is_new;
}

std::vector<std::shared_ptr<X509_CRL>> stapled_cache::crls_of(const X509_NAME* issuer, std::int64_t now_unix) const {
    const std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<X509_CRL>> found;
    for (const auto& [digest, one] : answers_) {
        if (one.crl && one.end_unix > now_unix && X509_NAME_cmp(X509_CRL_get_issuer(one.crl.get()), issuer) == 0) {
            found.push_back(one.crl);
        }
    }
    return found;
}

ocsp_status stapled_cache::find_ocsp(X509* certificate, X509* issuer, std::int64_t now_unix) const {
    const std::lock_guard lock(mutex_);
    ocsp_status found = ocsp_status::unknown;
    for (const auto& [digest, one] : answers_) {
        if (one.ocsp) {
            found = std::max(found, status_in(one.ocsp, certificate, issuer, now_unix));
        }
    }
    return found;
}

std::int64_t stapled_cache::end_after(std::int64_t now_unix) const {
    const std::lock_guard lock(mutex_);
    std::int64_t end = std::numeric_limits<std::int64_t>::max();
    for (const auto& [digest, one] : answers_) {
        end = one.end_unix > now_unix ? std::min(end, one.end_unix) : end;
    }
    return end;
}

}  // namespace hawser::smime
