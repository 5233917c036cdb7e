#include "base/diagnostics.hpp"

#include <algorithm>
#include <cctype>
#include <numeric>

namespace hawser::engine {
namespace {

std::size_t edit_distance(const std::string& left, const std::string& right) {
    std::vector<std::size_t> row(right.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < left.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < right.size(); ++j) {
            const bool same =
                std::tolower(static_cast<unsigned char>(left[i])) == std::tolower(static_cast<unsigned char>(right[j]));
            const std::size_t replaced = diagonal + (same ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
        }
    }
    return row.back();
}

}  // namespace

std::string to_string(const diagnostic& one) {
    std::string line = one.position.file;
    if (one.position.line != 0) {
        line += ':' + std::to_string(one.position.line) + ':' + std::to_string(one.position.column);
    }
    line += one.kind == severity::error ? ": error: " : ": warning: ";
    if (!one.pointer.empty()) {
        line += one.pointer + ": ";
    }
    line += one.text;
    if (!one.hint.empty()) {
        line += " (" + one.hint + ')';
    }
    return line;
}

void diagnostics::error(source_position position, std::string pointer, std::string text, std::string hint) {
    list_.push_back({severity::error, std::move(position), std::move(pointer), std::move(text), std::move(hint)});
}

void diagnostics::warning(source_position position, std::string pointer, std::string text, std::string hint) {
    list_.push_back({severity::warning, std::move(position), std::move(pointer), std::move(text), std::move(hint)});
}

bool diagnostics::has_errors() const noexcept {
    return std::any_of(list_.begin(), list_.end(), [](const diagnostic& one) { return one.kind == severity::error; });
}

std::string nearest_name(const std::string& word, const std::vector<std::string>& candidates) {
    std::string best;
    std::size_t best_distance = std::max<std::size_t>(word.size() < 4 ? 1 : 2, word.size() / 3) + 1;
    for (const std::string& candidate : candidates) {
        const std::size_t distance = edit_distance(word, candidate);
        if (distance < best_distance) {
            best_distance = distance;
            best = candidate;
        }
    }
    return best;
}

std::string suggest(const std::string& word, const std::vector<std::string>& candidates) {
    const std::string near = nearest_name(word, candidates);
    return near.empty() ? "" : "did you mean \"" + near + "\"?";
}

}  // namespace hawser::engine
