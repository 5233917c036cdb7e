#include "audit/archive_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

namespace hawser::engine::audit {

result<void> archive_lock::take() {
    file_ = descriptor(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file_.is_open()) {
        return fail("audit.io", failed_text("open", path_, errno));
    }
    if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
        return fail("audit.locked",
                    errno == EWOULDBLOCK ? "another host writes into it" : failed_text("lock", path_, errno));
    }
    return check();
}

result<void> archive_lock::check() const { return check_in_place(file_.get(), path_); }

}  // namespace hawser::engine::audit
