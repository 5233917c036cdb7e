#include "certificates/revocation_refresher.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <cstdlib>
#include <functional>
#include <new>

#include "base/log.hpp"
#include "certificates/certificate_fixture.hpp"

using namespace hawser::engine;
namespace asio = boost::asio;
namespace fs = std::filesystem;

namespace {

std::atomic<long> allocations_left{-1};  // in threads of the refresher; then one fails
thread_local bool is_of_test = false;

}  // namespace

void* operator new(std::size_t size) {
    if (!is_of_test && allocations_left.fetch_sub(1) == 0) {
        throw std::bad_alloc();
    }
    void* made = std::malloc(size == 0 ? 1 : size);
    return made != nullptr ? made : throw std::bad_alloc();
}
void operator delete(void* bytes) noexcept { std::free(bytes); }
void operator delete(void* bytes, std::size_t) noexcept { std::free(bytes); }

namespace {

bool eventually(const std::function<bool()>& holds, std::chrono::milliseconds time_max = std::chrono::seconds(30)) {
    const auto end = std::chrono::steady_clock::now() + time_max;
    while (!holds() && std::chrono::steady_clock::now() < end) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return holds();
}

// Counts who asks, and gives them what there is; while there is nothing they wait.
class list_server {
public:
    list_server() : acceptor_(io_, {asio::ip::address_v4::loopback(), 0}), thread_([this] { run(); }) {}
    list_server(const list_server&) = delete;
    list_server& operator=(const list_server&) = delete;
    ~list_server() {
        is_ending_ = true;
        asio::ip::tcp::socket last(io_);
        last.connect(acceptor_.local_endpoint());
        thread_.join();
    }
    std::string url() const {
        return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + "/list.crl";
    }
    void give(std::string list) { list_ = std::move(list); }  // before anybody asks
    int askers() const { return askers_; }

private:
    void run() {
        is_of_test = true;
        std::list<asio::ip::tcp::socket> waiting;
        while (true) {
            waiting.push_back(acceptor_.accept());
            if (is_ending_) {
                return;
            }
            ++askers_;
            if (!list_.empty()) {
                answer(waiting.back());
                waiting.clear();
            }
        }
    }
    void answer(asio::ip::tcp::socket& to) const {
        boost::system::error_code failed;
        asio::streambuf request;
        asio::read_until(to, request, "\r\n\r\n", failed);
        asio::write(
            to, asio::buffer("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(list_.size()) + "\r\n\r\n" + list_),
            failed);
    }

    asio::io_context io_;
    asio::ip::tcp::acceptor acceptor_;
    std::string list_;
    std::atomic<int> askers_{0};
    std::atomic<bool> is_ending_{false};
    std::thread thread_;
};

// A certificate that says that its CRL is at the server.
struct refresher_fixture {
    refresher_fixture() {
        is_of_test = true;
        log::configure(log::level::error, log::format::text);
        made.make("one", "-days 30 -addext crlDistributionPoints=URI:" + server.url());
    }
    std::string crl() const {
        made.run(
            "mkdir ca && touch ca/index && printf '[ca]\\ndefault_ca=d\\n[d]\\ndatabase=ca/index\\n"
            "default_md=sha256\\ndefault_crl_days=30\\n' > ca/cnf && "
            "openssl ca -gencrl -config ca/cnf -cert one.pem -keyfile one.pem -out ca/list.pem && "
            "openssl crl -in ca/list.pem -outform DER -out ca/list");
        return made.read("ca/list");
    }
    revocation_settings settings() const { return {cache.path.string() + "/answers", true}; }

    list_server server;
    test::made_folder made;
    test::made_folder cache;
};

}  // namespace

TEST_CASE_FIXTURE(refresher_fixture, "a question that goes and comes back while it is looked for is looked for once") {
    certificate_store store({made.path.string(), "", "", {}, {}});
    revocation_refresher refresher(settings(), store);
    refresher.start();
    REQUIRE(eventually([&] { return server.askers() == 1; }));
    fs::rename(made.path / "one.pem", cache.path / "aside");
    store.reload();
    REQUIRE(eventually([&] { return refresher.pending().empty(); }));
    fs::rename(cache.path / "aside", made.path / "one.pem");
    store.reload();
    REQUIRE(eventually([&] { return refresher.pending().size() == 1; }));
    CHECK_FALSE(eventually([&] { return server.askers() > 1; }, std::chrono::milliseconds(300)));
}

TEST_CASE_FIXTURE(refresher_fixture, "wherever memory is short, the refresher goes on") {
    server.give(crl());
    const certificate_store store({made.path.string(), "", "", {}, {}});
    bool is_short = true;
    for (long count = 0; is_short; ++count) {
        CAPTURE(count);
        fs::remove_all(settings().cache_folder);
        revocation_refresher refresher(settings(), store);
        allocations_left = count;
        refresher.start();
        CHECK(eventually([&] { return allocations_left < 0 || !refresher.current()->empty(); }));
        refresher.stop();
        is_short = allocations_left < 0;
        allocations_left = -1;
        CHECK((is_short || refresher.current()->size() == 1));
    }
}
