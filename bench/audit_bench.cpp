// audit_bench [--rounds N]: messages handed over and ended in an audit archive by 16 callers that wait for each answer,
// beside a program that appends the same bytes to one file and syncs it for each call alone. Also contents in their
// records beside contents in files of their own, which is why small ones stand in their records. Rounds alternate.
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <cstring>
#include <functional>
#include <future>
#include <memory>
#include <mutex>

#include "audit/archive.hpp"
#include "bench_support.hpp"

namespace hawser::bench {
namespace {

using namespace engine::audit;

constexpr int caller_count = 16;
constexpr double seconds_a_round = 2;
const std::string content(4096, 'c');
const std::string facts = "{\"envelope\":\"" + std::string(600, 'e') + "\"}";

std::shared_ptr<const signing_key> make_key(const std::string& path) {
    EVP_PKEY* const key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
    std::FILE* const file = std::fopen(path.c_str(), "w");
    if (file == nullptr || PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
        std::perror(path.c_str());
        std::exit(1);
    }
    std::fclose(file);
    EVP_PKEY_free(key);
    return *signing_key::read(path);
}

// Messages a second of all callers; `one` is a message of caller i.
double rate_of(const std::function<void(int)>& one) {
    std::vector<std::thread> threads;
    std::atomic<int> count{0};
    const clock_type::time_point start = clock_type::now();
    for (int i = 0; i < caller_count; ++i) {
        threads.emplace_back([&, i] {
            while (seconds_since(start) < seconds_a_round) {
                one(i);
                ++count;
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    return count / seconds_since(start);
}

void wait_for(const std::function<void(answer_function)>& call) {
    const auto promise = std::make_shared<std::promise<bool>>();
    call([promise](const engine::result<void>& answer) { promise->set_value(answer.has_value()); });
    if (!promise->get_future().get()) {
        std::fprintf(stderr, "the archive cannot be written\n");
        std::exit(1);
    }
}

double archive_rate(const std::shared_ptr<const signing_key>& key, std::size_t inline_size_max) {
    const temporary_folder folder;
    archive_settings settings;
    settings.folder = folder.file("archive");
    settings.key = key;
    settings.inline_size_max = inline_size_max;
    const auto one = std::make_shared<archive>(settings, engine::system_clock());
    return rate_of([&](int) {
        auto entry = *one->begin({"Out", "id", "unique", 1, 1});
        (void)entry->content(content);
        wait_for([&](answer_function answer) { entry->hand_over(facts, std::move(answer)); });
        wait_for([&](answer_function answer) { entry->finish(facts, std::move(answer)); });
    });
}

// As much for each message, in two writes, each with a sync of its own.
double plain_rate() {
    const temporary_folder folder;
    const int file = ::open(folder.file("plain").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    const std::string first = content + facts + '\n';
    const std::string second = facts + '\n';
    std::mutex mutex;
    const double rate = rate_of([&](int) {
        for (const std::string* bytes : {&first, &second}) {
            const std::lock_guard lock(mutex);
            if (::write(file, bytes->data(), bytes->size()) < 0 || ::fdatasync(file) != 0) {
                std::perror("write");
                std::exit(1);
            }
        }
    });
    ::close(file);
    return rate;
}

void print(const char* figure, const std::vector<double>& ours, const std::vector<double>& others) {
    std::printf("%-52s %8.0f/s %8.0f/s  ratio %.2f\n", figure, quantile(ours, 0.5), quantile(others, 0.5),
                quantile(ours, 0.5) / quantile(others, 0.5));
}

}  // namespace

int run(int rounds) {
    const temporary_folder folder;
    const auto key = make_key(folder.file("key.pem"));
    std::vector<double> in_records, in_files, plain;
    for (int round = 0; round < rounds; ++round) {
        in_records.push_back(archive_rate(key, 16 * 1024));
        in_files.push_back(archive_rate(key, 0));
        plain.push_back(plain_rate());
    }
    print_machine();
    std::printf("16 callers, content of 4 KiB, %d rounds\n", rounds);
    print("archive, beside a sync for each write", in_records, plain);
    print("content in its record, beside a file of its own", in_records, in_files);
    return 0;
}

}  // namespace hawser::bench

int main(int count, char** words) {
    const bool has_rounds = count == 3 && std::strcmp(words[1], "--rounds") == 0;
    const int rounds = has_rounds ? std::atoi(words[2]) : 5;
    if ((count != 1 && !has_rounds) || rounds < 1) {
        std::fprintf(stderr, "usage: audit_bench [--rounds N]\n");
        return 64;
    }
    return hawser::bench::run(rounds);
}
