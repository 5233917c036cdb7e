// SHA-256 of what a submission brings: of its bytes, and over everything that an idempotency key stands for.
#pragma once

#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace hawser::engine {

class content_digest {
public:
    content_digest();
    void add(std::string_view bytes);           // as they are
    void add_delimited(std::string_view text);  // its length before it, so that no two lists of texts read alike
    std::string finish();                       // 32 bytes

private:
    struct deleter {
        void operator()(evp_md_ctx_st* context) const noexcept;
    };
    std::unique_ptr<evp_md_ctx_st, deleter> context_;
};

}  // namespace hawser::engine
