// The host process that the crash test kills: crash_host BINDINGS [--faults SEED]. It runs a host on these bindings and
// serves clients, and obeys lines on its standard input, each answered by one line on standard output:
//
//     fail OPERATION CODE SUFFIX KIND PROBABILITY   from now on SQLite's file operations fail (support/fault_vfs.hpp);
//                                                   OPERATION, CODE and KIND are numbers, SUFFIX "*" is any file
//     clear                                         no longer; answers "struck N": so many have failed since the start
//     stop                                          stops cleanly and ends with 0
//
// "ready" comes first. At the end of its input (the test has died) it ends at once.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>

#include "hawser/host.hpp"
#include "support/fault_vfs.hpp"

namespace hawser::crash {
namespace {

constexpr int exit_unable = 70;

void say(const std::string& text) {
    std::printf("%s\n", text.c_str());
    std::fflush(stdout);
}

bool read_command(std::string& line) {
    line.clear();
    for (int c = std::getchar(); c != EOF; c = std::getchar()) {
        if (c == '\n') {
            return true;
        }
        line += static_cast<char>(c);
    }
    return false;
}

test::fault read_fault(std::istream& in) {
    int operation = 0;
    int kind = 0;
    test::fault one;
    in >> operation >> one.code >> one.file_suffix >> kind >> one.probability;
    one.operation = static_cast<test::file_operation>(operation);
    one.kind = static_cast<test::fault_kind>(kind);
    if (one.file_suffix == "*") {
        one.file_suffix.clear();
    }
    return one;
}

int obey(hawser::host& host, test::fault_vfs* disk) {
    std::string line;
    while (read_command(line)) {
        std::istringstream words(line);
        std::string verb;
        words >> verb;
        if (verb == "stop") {
            host.stop();
            return EXIT_SUCCESS;
        }
        if (disk == nullptr || (verb != "fail" && verb != "clear")) {
            say("what? " + line);
        } else if (verb == "fail") {
            disk->inject(read_fault(words));
            say("failing");
        } else {
            disk->clear();
            say("struck " + std::to_string(disk->struck_count()));
        }
    }
    std::_Exit(exit_unable);
}

int run(const std::string& bindings, test::fault_vfs* disk) {
    load_result loaded = load(bindings);
    for (const problem& one : loaded.problems) {
        std::fprintf(stderr, "%s\n", one.line_text().c_str());
    }
    if (!loaded.value) {
        return exit_unable;
    }
    opened<hawser::host> host = open_host(*loaded.value, {.serves_clients = true});
    if (!host.value) {
        std::fprintf(stderr, "%s: %s\n", host.code.c_str(), host.text.c_str());
        return exit_unable;
    }
    host.value->start();
    say("ready");
    return obey(*host.value, disk);
}

}  // namespace
}  // namespace hawser::crash

int main(int count, char** words) {
    const bool has_faults = count == 4 && std::string_view(words[2]) == "--faults";
    if (count != 2 && !has_faults) {
        std::fprintf(stderr, "usage: crash_host BINDINGS [--faults SEED]\n");
        return 64;
    }
    std::unique_ptr<hawser::test::fault_vfs> disk;
    if (has_faults) {
        disk = std::make_unique<hawser::test::fault_vfs>("crash", hawser::test::vfs_role::process_default,
                                                         std::strtoull(words[3], nullptr, 10));
    }
    return hawser::crash::run(words[1], disk.get());
}
