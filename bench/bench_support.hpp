// What several benchmarks need: times, quantiles, a folder of their own, the line that says what machine it was.
// Failure: exit code 1 with what is wrong.
#pragma once

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace hawser::bench {

using clock_type = std::chrono::steady_clock;

inline double seconds_since(clock_type::time_point start) {
    return std::chrono::duration<double>(clock_type::now() - start).count();
}

// Of a sorted or unsorted, non-empty series; 0.5 = the median.
inline double quantile(std::vector<double> series, double part) {
    std::sort(series.begin(), series.end());
    return series[static_cast<std::size_t>(part * static_cast<double>(series.size() - 1) + 0.5)];
}

class temporary_folder {
public:
    temporary_folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "hawser-bench-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) {
            std::perror(pattern.c_str());
            std::exit(1);
        }
        path_ = pattern;
    }
    temporary_folder(const temporary_folder&) = delete;
    temporary_folder& operator=(const temporary_folder&) = delete;
    ~temporary_folder() { std::filesystem::remove_all(path_); }
    std::string file(const char* name) const { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

// "machine: Linux x86_64, 2 processors; " without a line's end: what was measured follows.
inline void print_machine() {
    utsname machine{};
    ::uname(&machine);
    std::printf("machine: %s %s, %u processors; ", machine.sysname, machine.machine,
                std::thread::hardware_concurrency());
}

}  // namespace hawser::bench
