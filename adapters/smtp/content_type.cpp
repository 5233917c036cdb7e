#include "content_type.hpp"

#include <utility>

#include "text.hpp"

namespace hawser::smtp {
namespace {

constexpr std::pair<std::string_view, std::string_view> types_by_extension[] = {
    {"7z", "application/x-7z-compressed"},
    {"avif", "image/avif"},
    {"bmp", "image/bmp"},
    {"bz2", "application/x-bzip2"},
    {"cer", "application/pkix-cert"},
    {"crl", "application/pkix-crl"},
    {"css", "text/css"},
    {"csv", "text/csv"},
    {"doc", "application/msword"},
    {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"edi", "application/edifact"},
    {"edifact", "application/edifact"},
    {"eml", "application/octet-stream"},  // a message would have to be encoded as one (RFC 2046 section 5.2)
    {"gif", "image/gif"},
    {"gz", "application/gzip"},
    {"heic", "image/heic"},
    {"htm", "text/html"},
    {"html", "text/html"},
    {"ics", "text/calendar"},
    {"ico", "image/vnd.microsoft.icon"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript"},
    {"json", "application/json"},
    {"log", "text/plain"},
    {"md", "text/markdown"},
    {"mp3", "audio/mpeg"},
    {"mp4", "video/mp4"},
    {"odp", "application/vnd.oasis.opendocument.presentation"},
    {"ods", "application/vnd.oasis.opendocument.spreadsheet"},
    {"odt", "application/vnd.oasis.opendocument.text"},
    {"p7m", "application/pkcs7-mime"},
    {"p7s", "application/pkcs7-signature"},
    {"pdf", "application/pdf"},
    {"png", "image/png"},
    {"ppt", "application/vnd.ms-powerpoint"},
    {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    {"ps", "application/postscript"},
    {"rtf", "application/rtf"},
    {"svg", "image/svg+xml"},
    {"tar", "application/x-tar"},
    {"tif", "image/tiff"},
    {"tiff", "image/tiff"},
    {"txt", "text/plain"},
    {"vcf", "text/vcard"},
    {"wav", "audio/wav"},
    {"webp", "image/webp"},
    {"x12", "application/edi-x12"},
    {"xls", "application/vnd.ms-excel"},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {"xml", "application/xml"},
    {"xsd", "application/xml"},
    {"xsl", "application/xslt+xml"},
    {"yaml", "application/yaml"},
    {"yml", "application/yaml"},
    {"zip", "application/zip"}};

}  // namespace

std::string checked_content_type(std::string_view text, std::string_view otherwise) {
    std::string type;
    std::size_t slashes = 0;
    for (const char c : text.substr(0, std::min(text.find(';'), text.size()))) {
        if (c == ' ' || c == '\t') {
            continue;
        }
        const bool is_token = is_alphanumeric(c) ||
                              std::string_view("!#$&-^_.+").find(c) != std::string_view::npos;  // RFC 6838 section 4.2
        if (!is_token && c != '/') {
            return std::string(otherwise);
        }
        slashes += c == '/' ? 1 : 0;
        type += lower(c);
    }
    const bool is_type = slashes == 1 && type.front() != '/' && type.back() != '/' && type.size() <= 127;
    // A part that claims to be a message or a multipart would have to be encoded as one (RFC 2046 sections 5.1
    // and 5.2).
    const bool is_composite = type.rfind("multipart/", 0) == 0 || type.rfind("message/", 0) == 0;
    return is_type && !is_composite ? type : std::string(otherwise);
}

std::string content_type_of_file(std::string_view file_name) {
    const std::size_t dot = file_name.rfind('.');
    for (const auto& [extension, type] : types_by_extension) {
        if (dot != std::string_view::npos && equals_ignoring_case(file_name.substr(dot + 1), extension)) {
            return std::string(type);
        }
    }
    return "application/octet-stream";
}

std::string charset_of(std::string_view content_type) {
    const std::size_t at = content_type.find("charset=");
    if (at == std::string_view::npos) {
        return "utf-8";
    }
    std::string_view value = content_type.substr(at + 8);
    value = value.substr(0, std::min(value.find(';'), value.size()));
    std::string name;
    for (const char c : value) {
        if (c != '"' && c != ' ') {
            name += c;
        }
    }
    return name;
}

bool is_text_type(std::string_view content_type) { return content_type.substr(0, 5) == "text/"; }

}  // namespace hawser::smtp
