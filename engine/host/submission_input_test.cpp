#include "host/submission_input.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace hawser;
using namespace hawser::command;

TEST_CASE("properties") {
    message_property got;
    CHECK(parse_property("SMTP.Subject=a=b c", got).empty());
    CHECK(got.name == "SMTP.Subject");
    CHECK(got.value == "a=b c");
    CHECK(got.type == "string");
    CHECK(parse_property("SMTP.DeliveryReceipt:bool=true", got).empty());
    CHECK(got.name == "SMTP.DeliveryReceipt");
    CHECK(got.type == "bool");
    CHECK(parse_property("A.B=", got).empty());
    for (const char* wrong :
         {"SMTP.Subject", "=x", "Subject=x", ".x=y", "A.=y", "A B.C=y", "A.B:color=red", "A.B\r\nC=y"}) {
        CAPTURE(wrong);
        CHECK_FALSE(parse_property(wrong, got).empty());
    }
}

TEST_CASE("content types by extension") {
    CHECK(content_type_of("a/b/invoice.PDF") == "application/pdf");
    CHECK(content_type_of("x.xml") == "text/xml");
    CHECK(content_type_of("x.tar.gz") == "application/gzip");
    CHECK(content_type_of("README") == "application/octet-stream");
    CHECK(content_type_of("-") == "application/octet-stream");
    CHECK(content_type_of("x.") == "application/octet-stream");
}

TEST_CASE("files become parts with descriptors, names and types; mistakes are sentences") {
    std::string pattern = (std::filesystem::temp_directory_path() / "hawser-input-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    const std::string folder = pattern;
    std::ofstream(folder + "/in.xml") << "<a/>";
    std::ofstream(folder + "/b.pdf") << "pdf";
    {
        submission_input input;
        arguments given{.port = "P", .properties = {"SMTP.To=a@b.example"}, .parts = {"second=" + folder + "/b.pdf"}};
        REQUIRE(input.build(given, folder + "/in.xml").empty());
        const submission& message = input.message();
        CHECK(message.port == "P");
        CHECK(message.key.size() == 32);
        REQUIRE(message.parts.size() == 2);
        CHECK(message.parts[0].name == "body");
        CHECK(message.parts[0].file_name == "in.xml");
        CHECK(message.parts[0].content_type == "text/xml");
        CHECK((::fcntl(message.parts[0].descriptor, F_GETFD) & FD_CLOEXEC) != 0);
        CHECK(message.parts[1].name == "second");
        CHECK(message.parts[1].content_type == "application/pdf");
        CHECK(input.size() == 7);
    }
    const auto problem_of = [&](const arguments& given, const std::string& file) {
        submission_input input;
        return input.build(given, file);
    };
    CHECK(problem_of({}, folder + "/absent").find("No such file") != std::string::npos);
    CHECK(problem_of({}, folder).find("folder") != std::string::npos);
    CHECK_FALSE(problem_of({.parts = {"nothing"}}, folder + "/in.xml").empty());
    CHECK_FALSE(problem_of({.parts = {"=x"}}, folder + "/in.xml").empty());
    CHECK(problem_of({.parts = {"body=" + folder + "/b.pdf"}}, folder + "/in.xml").find("already") !=
          std::string::npos);
    CHECK_FALSE(problem_of({.properties = {"x"}}, folder + "/in.xml").empty());
    submission_input typed;
    REQUIRE(typed.build({.content_type = "text/plain; charset=utf-8", .key = "mine"}, folder + "/in.xml").empty());
    CHECK(typed.message().parts[0].content_type == "text/plain; charset=utf-8");
    CHECK(typed.message().key == "mine");
    std::filesystem::remove_all(folder);
}
