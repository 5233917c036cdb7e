#include "support/fault_vfs.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace hawser::test {

// What SQLite holds of an open file: this, and behind it the real VFS's own.
struct fault_file : sqlite3_file {
    fault_vfs* owner;
    const char* name;  // SQLite keeps it until the file is closed

    static fault_file& of(sqlite3_file* file) { return *static_cast<fault_file*>(file); }
    static sqlite3_file* real(sqlite3_file* file) { return reinterpret_cast<sqlite3_file*>(&of(file) + 1); }

    template <auto Method, typename Result, typename... Arguments>
    static Result pass(sqlite3_file* file, Arguments... arguments) {
        return (real(file)->pMethods->*Method)(real(file), arguments...);
    }
    static std::optional<fault_vfs::strike> strike(sqlite3_file* file, file_operation which, int size = 0) {
        return of(file).owner->next_strike(which, of(file).name, static_cast<std::size_t>(size));
    }

    static int read(sqlite3_file* file, void* buffer, int size, sqlite3_int64 offset) {
        const auto struck = strike(file, file_operation::read, size);
        if (struck && struck->kind != fault_kind::flipped) {
            return struck->code;
        }
        const int code = real(file)->pMethods->xRead(real(file), buffer, size, offset);
        if (struck && code == SQLITE_OK) {
            static_cast<unsigned char*>(buffer)[struck->position] ^= struck->bit;
        }
        return code;
    }
    static int write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
        const auto struck = strike(file, file_operation::write, size);
        if (!struck) {
            return real(file)->pMethods->xWrite(real(file), bytes, size, offset);
        }
        if (struck->kind == fault_kind::torn && struck->position > 0) {
            real(file)->pMethods->xWrite(real(file), bytes, static_cast<int>(struck->position), offset);
        }
        return struck->code;
    }
    static int truncate(sqlite3_file* file, sqlite3_int64 size) {
        const auto struck = strike(file, file_operation::truncate);
        return struck ? struck->code : real(file)->pMethods->xTruncate(real(file), size);
    }
    static int sync(sqlite3_file* file, int flags) {
        const auto struck = strike(file, file_operation::sync);
        return struck ? struck->code : real(file)->pMethods->xSync(real(file), flags);
    }
    // Nothing is mapped, so that no read gets past the faults: SQLite then reads.
    static int fetch(sqlite3_file*, sqlite3_int64, int, void** memory) {
        *memory = nullptr;
        return SQLITE_OK;
    }
    static int unfetch(sqlite3_file*, sqlite3_int64, void*) { return SQLITE_OK; }
};

namespace {

const sqlite3_io_methods file_methods = {
    .iVersion = 3,
    .xClose = fault_file::pass<&sqlite3_io_methods::xClose>,
    .xRead = fault_file::read,
    .xWrite = fault_file::write,
    .xTruncate = fault_file::truncate,
    .xSync = fault_file::sync,
    .xFileSize = fault_file::pass<&sqlite3_io_methods::xFileSize>,
    .xLock = fault_file::pass<&sqlite3_io_methods::xLock>,
    .xUnlock = fault_file::pass<&sqlite3_io_methods::xUnlock>,
    .xCheckReservedLock = fault_file::pass<&sqlite3_io_methods::xCheckReservedLock>,
    .xFileControl = fault_file::pass<&sqlite3_io_methods::xFileControl>,
    .xSectorSize = fault_file::pass<&sqlite3_io_methods::xSectorSize>,
    .xDeviceCharacteristics = fault_file::pass<&sqlite3_io_methods::xDeviceCharacteristics>,
    .xShmMap = fault_file::pass<&sqlite3_io_methods::xShmMap>,
    .xShmLock = fault_file::pass<&sqlite3_io_methods::xShmLock>,
    .xShmBarrier = fault_file::pass<&sqlite3_io_methods::xShmBarrier>,
    .xShmUnmap = fault_file::pass<&sqlite3_io_methods::xShmUnmap>,
    .xFetch = fault_file::fetch,
    .xUnfetch = fault_file::unfetch,
};

fault_vfs& owner_of(sqlite3_vfs* vfs) { return *static_cast<fault_vfs*>(vfs->pAppData); }

sqlite3_vfs* default_vfs() {
    sqlite3_vfs* found = sqlite3_vfs_find(nullptr);
    if (found == nullptr) {
        throw std::runtime_error("SQLite has no default VFS to put the fault-injecting one over");
    }
    return found;
}

}  // namespace

// The shim's functions that the real VFS answers.
struct vfs_functions {
    template <auto Function, typename Result, typename... Arguments>
    static Result pass(sqlite3_vfs* vfs, Arguments... arguments) {
        sqlite3_vfs* real = owner_of(vfs).real_;
        return (real->*Function)(real, arguments...);
    }
    static int open(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* file, int flags, int* flags_out) {
        return owner_of(vfs).open(name, file, flags, flags_out);
    }
    static sqlite3_vfs table_over(const sqlite3_vfs& real) {
        sqlite3_vfs made{};
        made.iVersion = 3;
        made.szOsFile = static_cast<int>(sizeof(fault_file)) + real.szOsFile;
        made.mxPathname = real.mxPathname;
        made.xOpen = open;
        made.xDelete = pass<&sqlite3_vfs::xDelete>;
        made.xAccess = pass<&sqlite3_vfs::xAccess>;
        made.xFullPathname = pass<&sqlite3_vfs::xFullPathname>;
        made.xDlOpen = pass<&sqlite3_vfs::xDlOpen>;
        made.xDlError = pass<&sqlite3_vfs::xDlError>;
        made.xDlSym = pass<&sqlite3_vfs::xDlSym>;
        made.xDlClose = pass<&sqlite3_vfs::xDlClose>;
        made.xRandomness = pass<&sqlite3_vfs::xRandomness>;
        made.xSleep = pass<&sqlite3_vfs::xSleep>;
        made.xCurrentTime = pass<&sqlite3_vfs::xCurrentTime>;
        made.xGetLastError = pass<&sqlite3_vfs::xGetLastError>;
        made.xCurrentTimeInt64 = pass<&sqlite3_vfs::xCurrentTimeInt64>;
        made.xSetSystemCall = pass<&sqlite3_vfs::xSetSystemCall>;
        made.xGetSystemCall = pass<&sqlite3_vfs::xGetSystemCall>;
        made.xNextSystemCall = pass<&sqlite3_vfs::xNextSystemCall>;
        return made;
    }
};

fault_vfs::fault_vfs(std::string name, vfs_role role, std::uint64_t seed)
    : name_(std::move(name)), real_(default_vfs()), vfs_(vfs_functions::table_over(*real_)), random_(seed) {
    vfs_.zName = name_.c_str();
    vfs_.pAppData = this;
    if (const int code = sqlite3_vfs_register(&vfs_, role == vfs_role::process_default ? 1 : 0); code != SQLITE_OK) {
        throw std::runtime_error("SQLite refuses the VFS " + name_ + ": " + sqlite3_errstr(code));
    }
}

fault_vfs::~fault_vfs() { sqlite3_vfs_unregister(&vfs_); }

void fault_vfs::inject(fault one) {
    const std::lock_guard lock(mutex_);
    faults_.push_back(std::move(one));
    has_faults_ = true;
}

void fault_vfs::clear() {
    const std::lock_guard lock(mutex_);
    faults_.clear();
    has_faults_ = false;
}

void fault_vfs::seed(std::uint64_t value) {
    const std::lock_guard lock(mutex_);
    random_.seed(value);
}

std::uint64_t fault_vfs::operation_count(file_operation which) const noexcept {
    return operation_counts_[static_cast<std::size_t>(which)];
}

int fault_vfs::open(sqlite3_filename name, sqlite3_file* file, int flags, int* flags_out) {
    const std::string_view shown = name == nullptr ? std::string_view{} : std::string_view(name);
    file->pMethods = nullptr;
    if (const auto struck = next_strike(file_operation::open, shown)) {
        return struck->code;
    }
    const int code = real_->xOpen(real_, name, fault_file::real(file), flags, flags_out);
    if (fault_file::real(file)->pMethods != nullptr) {  // then SQLite closes it, also after a failure
        fault_file::of(file).owner = this;
        fault_file::of(file).name = name == nullptr ? "" : name;
        file->pMethods = &file_methods;
    }
    return code;
}

std::optional<fault_vfs::strike> fault_vfs::next_strike(file_operation which, std::string_view file, std::size_t size) {
    ++operation_counts_[static_cast<std::size_t>(which)];
    if (!has_faults_) {
        return std::nullopt;
    }
    const std::lock_guard lock(mutex_);
    for (fault& one : faults_) {
        if (one.operation != which || !file.ends_with(one.file_suffix) || one.count == 0) {
            continue;
        }
        if (one.passes > 0) {
            --one.passes;
        } else if (std::bernoulli_distribution(one.probability)(random_)) {
            one.count -= one.count == until_cleared ? 0 : 1;
            ++struck_count_;
            return strike_at(one, size);
        }
    }
    return std::nullopt;
}

fault_vfs::strike fault_vfs::strike_at(const fault& one, std::size_t size) {
    strike made{.code = one.code, .kind = one.kind};
    if (size > 0) {
        made.position = std::uniform_int_distribution<std::size_t>(0, size - 1)(random_);
    }
    made.bit = static_cast<unsigned char>(1U << std::uniform_int_distribution<unsigned>(0, 7)(random_));
    return made;
}

}  // namespace hawser::test
