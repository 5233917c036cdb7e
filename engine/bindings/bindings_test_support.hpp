// What the tests of the bindings share: a catalogue of plugins in small, a folder for files, and how they are loaded.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "bindings/bindings_document.hpp"
#include "bindings/bindings_reader.hpp"

namespace hawser::engine::bindings_test {

constexpr hawser_string text(const char* literal) { return {literal, __builtin_strlen(literal)}; }

inline hawser_property_spec spec(std::uint32_t type, const char* name, std::uint32_t flags = 0,
                                 const char* default_value = nullptr, const char* words = "",
                                 std::int64_t maximum = 0) {
    return {sizeof(hawser_property_spec),
            type,
            flags,
            0,
            0,
            maximum,
            text(name),
            text("A property."),
            default_value == nullptr ? hawser_string{nullptr, 0} : text(default_value),
            text(words)};
}

// A mail adapter, a file adapter, an encoder and a decoder as the real ones declare themselves, in small.
class test_catalogue final : public component_catalogue {
public:
    test_catalogue() {
        mail_specs_ = {spec(HAWSER_TYPE_STRING, "From", HAWSER_SPEC_REQUIRED),
                       spec(HAWSER_TYPE_STRING, "To", HAWSER_SPEC_REQUIRED | HAWSER_SPEC_ADDRESS),
                       spec(HAWSER_TYPE_STRING, "Subject", 0, "%MessageID%", "", 20),
                       spec(HAWSER_TYPE_STRING, "Password", HAWSER_SPEC_SECRET),
                       spec(HAWSER_TYPE_ENUMERATION, "SMTPAuthenticate", 0, "none", "none=0|basic=1"),
                       spec(HAWSER_TYPE_BOOLEAN, "DeliveryReceipt"),
                       spec(HAWSER_TYPE_INTEGER, "MaxConnections", HAWSER_SPEC_HANDLER_ONLY, nullptr, "", 100),
                       spec(HAWSER_TYPE_STRING_LIST, "Attachments"),
                       spec(HAWSER_TYPE_DATE_TIME, "ReplyBy", HAWSER_SPEC_CONTEXT_ONLY)};
        encoder_specs_ = {spec(HAWSER_TYPE_BOOLEAN, "EnableEncryption", 0, "false"),
                          spec(HAWSER_TYPE_STRING, "HeaderProtection", HAWSER_SPEC_NEEDS_COMPOSER),
                          spec(HAWSER_TYPE_STRING, "TransferEncoding", HAWSER_SPEC_WITHOUT_COMPOSER, "Base64")};
        file_specs_ = {spec(HAWSER_TYPE_STRING, "FileName", HAWSER_SPEC_REQUIRED)};
        finish(mail_, mail_specs_, mail_pointers_, HAWSER_KIND_SEND_ADAPTER, 0, "MAIL", "mailto");
        mail_.flags = HAWSER_FLAG_AUDITS | HAWSER_FLAG_COMPOSES;
        finish(file_, file_specs_, file_pointers_, HAWSER_KIND_SEND_ADAPTER, 0, "FILE", "file");
        finish(encoder_, encoder_specs_, encoder_pointers_, HAWSER_KIND_PIPELINE_COMPONENT, HAWSER_STAGE_ENCODE,
               "Encoder", "");
        decoder_specs_ = {spec(HAWSER_TYPE_BOOLEAN, "Strict", 0, "true")};
        finish(decoder_, decoder_specs_, decoder_pointers_, HAWSER_KIND_PIPELINE_COMPONENT,
               HAWSER_STAGE_DECODE | HAWSER_STAGE_VALIDATE, "Decoder", "");
    }
    const hawser_descriptor* find(std::uint32_t kind, const std::string& id) const override {
        for (const hawser_descriptor* one : {&file_, &mail_, &encoder_, &decoder_}) {
            if (one->kind == kind && std::string(one->id.data, one->id.size) == id) {
                return one;
            }
        }
        return nullptr;
    }
    std::vector<std::string> names(std::uint32_t kind) const override {
        return kind == HAWSER_KIND_SEND_ADAPTER ? std::vector<std::string>{"FILE", "MAIL"}
                                                : std::vector<std::string>{"Decoder", "Encoder"};
    }
    void validate(std::uint32_t, const std::string&, const typed_properties& properties,
                  const problem_function& report) const override {
        if (const auto subject = properties.find("Subject");
            subject != properties.end() && subject->second.text == "forbidden") {
            report(true, "/Subject", "the plugin does not like this subject");
        }
    }

private:
    static void finish(hawser_descriptor& one, const std::vector<hawser_property_spec>& specs,
                       std::vector<const hawser_property_spec*>& pointers, std::uint32_t kind, std::uint32_t stages,
                       const char* id, const char* scheme) {
        for (const hawser_property_spec& each : specs) {
            pointers.push_back(&each);
        }
        one = {sizeof one,
               kind,
               stages,
               0,
               0,
               static_cast<std::uint32_t>(pointers.size()),
               pointers.data(),
               text(id),
               text("1"),
               text("A test."),
               text(id),
               text(scheme)};
    }
    std::vector<hawser_property_spec> mail_specs_, file_specs_, encoder_specs_, decoder_specs_;
    std::vector<const hawser_property_spec*> mail_pointers_, file_pointers_, encoder_pointers_, decoder_pointers_;
    hawser_descriptor mail_{}, file_{}, encoder_{}, decoder_{};
};

struct folder {
    folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "hawser-bindings-XXXXXX").string();
        path = ::mkdtemp(pattern.data());
    }
    ~folder() { std::filesystem::remove_all(path); }
    std::string write(const std::string& name, const std::string& content) const {
        std::filesystem::create_directories((path / name).parent_path());
        std::ofstream(path / name) << content;
        return (path / name).string();
    }
    std::filesystem::path path;
};

struct loaded {
    host_bindings bindings;
    diagnostics problems;
    std::vector<std::string> lines(const std::filesystem::path& folder) const {  // without the folder's name
        std::vector<std::string> all;
        for (const diagnostic& one : problems.list()) {
            std::string line = to_string(one);
            for (std::size_t at = line.find(folder.string() + '/'); at != std::string::npos;
                 at = line.find(folder.string() + '/')) {
                line.erase(at, folder.string().size() + 1);
            }
            all.push_back(line);
        }
        return all;
    }
    // Whether one of the lines begins so and has this piece.
    bool has(const std::filesystem::path& folder, const std::string& start, const std::string& piece) const {
        const std::vector<std::string> all = lines(folder);
        return std::any_of(all.begin(), all.end(), [&](const std::string& line) {
            return line.rfind(start, 0) == 0 && line.find(piece) != std::string::npos;
        });
    }
};

inline loaded load(const std::string& path, const std::vector<std::string>& overlays = {}) {
    static const test_catalogue catalogue;
    loaded out;
    bindings_document document;
    if (read_bindings_document(path, overlays, document, out.problems)) {
        out.bindings = read_bindings(document, catalogue, out.problems);
    }
    return out;
}

}  // namespace hawser::engine::bindings_test
