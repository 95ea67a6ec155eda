#include "tandem/tests/house/vocabulary_rules.h"

#include <array>
#include <cctype>
#include <regex>
#include <set>
#include <utility>

namespace tandem::house {
namespace {

bool IsUpper(char c) { return std::isupper(static_cast<unsigned char>(c)) != 0; }
bool IsLower(char c) { return std::islower(static_cast<unsigned char>(c)) != 0; }
bool IsLetter(char c) { return IsUpper(c) || IsLower(c); }

// Between text[i - 1] and text[i], both letters: "kA", "aB", and "CN" of "RPCName".
bool StartsWord(std::string_view text, std::size_t i) {
  if (!IsUpper(text[i])) return false;
  return IsLower(text[i - 1]) || (i + 1 < text.size() && IsLower(text[i + 1]));
}

bool IsOfTheRuntime(const std::string& word) {
  static const std::set<std::string> kWords = {
      "orchestration", "orchestrations", "orchestrator", "orchestrators", "activity",
      "activities",    "instance",       "instances",    "timer",         "timers",
      "history",       "histories",      "duroxide",     "workflow",      "workflows"};
  return kWords.contains(word);
}

// Ordinary English, and examples of what an entity may be: file, and the whole line without blanks
// around it. Keep it short.
bool IsAllowedLine(const std::string& path, std::string_view line) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 0> kAllowed = {};
  const std::size_t start = line.find_first_not_of(' ');
  line.remove_prefix(start == std::string_view::npos ? line.size() : start);
  for (const auto& [allowed_path, allowed_line] : kAllowed) {
    if (path == allowed_path && line == allowed_line) return true;
  }
  return false;
}

}  // namespace

std::vector<Word> Words(std::string_view text) {
  std::vector<Word> words;
  bool in_word = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!IsLetter(text[i])) {
      in_word = false;
      continue;
    }
    if (!in_word || StartsWord(text, i)) words.push_back({"", i});
    words.back().text += static_cast<char>(std::tolower(static_cast<unsigned char>(text[i])));
    in_word = true;
  }
  return words;
}

Findings CheckVocabulary(const SourceFile& file) {
  // RocksDB's own names, e.g. rocksdb::StatsLevel::kExceptTimers, are not ours to choose.
  static const std::regex kForeignName(R"(\brocksdb::[\w:]+)");
  Findings findings;
  std::size_t line = 0;
  for (const std::string_view text : Lines(file.text)) {
    ++line;
    std::string before;
    const std::string own = std::regex_replace(std::string(text), kForeignName, "");
    for (const Word& word : Words(own)) {
      const bool idiom = word.text == "instance" && before == "for";
      if (IsOfTheRuntime(word.text) && !idiom && !IsAllowedLine(file.path, text)) {
        findings.push_back({file.path, line, "a word of the runtime: " + word.text});
      }
      before = word.text;
    }
  }
  return findings;
}

}  // namespace tandem::house
