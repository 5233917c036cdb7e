// The answer to one HTTP request, read from wherever its bytes come from: hostile. Keeps at most the body and what is
// being read of a header, chunk or trailer. Follows no redirect. Blocks as long as its source does; any thread.
#pragma once

#include <boost/system/error_code.hpp>
#include <functional>
#include <string>

#include "certificates/answer_fetch.hpp"

namespace hawser::engine {

struct http_source {
    std::function<std::size_t(void* buffer, std::size_t capacity, boost::system::error_code& code)> read;
    std::function<std::string(const boost::system::error_code& code)> text_of;  // for a person
};

// The body of a 200 answer.
result<std::string> read_http_answer(const http_source& source, std::size_t size_max);

}  // namespace hawser::engine
