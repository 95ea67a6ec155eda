#include "tandem/tests/provider_random/script.h"

#include <algorithm>

#include "tandem/base/check.h"

namespace tandem::testing {

namespace {

// One step without its operations.
Step ParsePart(std::string_view text) {
  Step step;
  for (const std::string& word : Split(text, ' ')) {
    if (word.empty()) continue;
    const std::size_t equals = word.find('=');
    if (step.verb.empty()) {
      step.verb = word;
    } else if (equals != std::string::npos) {
      step.options[word.substr(0, equals)] = word.substr(equals + 1);
    } else {
      step.words.push_back(word);
    }
  }
  return step;
}

}  // namespace

std::vector<std::string> Split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  std::size_t from = 0;
  while (true) {
    const std::size_t to = text.find(separator, from);
    parts.emplace_back(text.substr(from, to - from));
    if (to == std::string_view::npos) return parts;
    from = to + 1;
  }
}

bool Step::HasWord(std::string_view word) const { return std::ranges::count(words, word) > 0; }

std::string Step::Word(std::size_t index) const {
  return index < words.size() ? DecodeWord(words[index]) : std::string();
}

std::string Step::Option(const std::string& name) const {
  const auto option = options.find(name);
  return option == options.end() ? std::string() : DecodeWord(option->second);
}

std::uint64_t Step::Number(const std::string& name, std::uint64_t otherwise) const {
  const auto option = options.find(name);
  return option == options.end() ? otherwise : std::stoull(option->second);
}

Script ParseScript(std::string_view text) {
  Script script;
  for (const std::string& line : Split(text, '\n')) {
    const std::vector<std::string> parts = Split(line, '|');
    Step step = ParsePart(parts.front());
    if (step.verb.empty() || step.verb.starts_with('#')) continue;
    for (std::size_t i = 1; i < parts.size(); ++i) {
      step.operations.push_back(ParsePart(parts[i]));
      TANDEM_CHECK(!step.operations.back().verb.empty(), "a bar without an operation");
    }
    script.push_back(std::move(step));
  }
  return script;
}

std::string ToString(const Step& step) {
  std::string text = step.verb;
  for (const std::string& word : step.words) text += " " + word;
  for (const auto& [name, value] : step.options) {
    text.append(" ").append(name).append("=").append(value);
  }
  for (const Step& operation : step.operations) text += " | " + ToString(operation);
  return text;
}

std::string ToString(const Script& script) {
  std::string text;
  for (const Step& step : script) text += ToString(step) + "\n";
  return text;
}

std::string DecodeWord(std::string_view word) {
  if (word == "''") return {};
  std::string meaning;
  for (std::size_t i = 0; i < word.size(); ++i) {
    const bool zero = word.substr(i, 2) == "\\0";
    meaning += zero ? '\0' : word[i];
    i += zero ? 1 : 0;
  }
  return meaning;
}

std::string EncodeWord(std::string_view meaning) {
  if (meaning.empty()) return "''";
  std::string word;
  for (const char byte : meaning) {
    if (byte == '\0') {
      word += "\\0";
    } else {
      word += byte;
    }
  }
  return word;
}

}  // namespace tandem::testing
