#include "tandem/tools/check_coroutines/source_text.h"

#include <algorithm>
#include <cctype>

namespace tandem::tools {
namespace {

bool IsWordCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

// Blanks what is no code, in one pass over the text.
class Stripper {
 public:
  explicit Stripper(std::string_view text) : text_(text), code_(text) {}

  std::string Run() {
    while (at_ < text_.size()) Step();
    return std::move(code_);
  }

 private:
  void Step() {
    const std::string_view rest = text_.substr(at_);
    if (rest.starts_with("//")) {
      BlankUntil(text_.find('\n', at_));
    } else if (rest.starts_with("/*")) {
      BlankUntil(After(text_.find("*/", at_ + 2), 2));
    } else if (rest.starts_with("#include")) {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else if (rest.starts_with("R\"") && (at_ == 0 || !IsWordCharacter(text_[at_ - 1]))) {
      RawString();
    } else if (rest.front() == '"' || (rest.front() == '\'' && !IsDigitSeparator())) {
      Quoted(rest.front());
    } else {
      ++at_;
    }
  }

  // 65'536: in a number, which starts with a digit.
  bool IsDigitSeparator() const {
    std::size_t start = at_;
    while (start > 0 && (IsWordCharacter(text_[start - 1]) || text_[start - 1] == '\'')) --start;
    return start < at_ && std::isdigit(static_cast<unsigned char>(text_[start])) != 0;
  }

  void RawString() {
    const std::size_t open = text_.find('(', at_);
    if (open == std::string_view::npos) return BlankUntil(text_.size());
    const std::string close = ")" + std::string(text_.substr(at_ + 2, open - at_ - 2)) + "\"";
    BlankUntil(After(text_.find(close, open), close.size()));
  }

  void Quoted(char quote) {
    ++at_;
    while (at_ < text_.size() && text_[at_] != quote && text_[at_] != '\n') {
      BlankUntil(at_ + (text_[at_] == '\\' ? 2 : 1));
    }
    if (at_ < text_.size()) ++at_;
  }

  static std::size_t After(std::size_t found, std::size_t size) {
    return found == std::string_view::npos ? found : found + size;
  }

  void BlankUntil(std::size_t end) {
    for (end = std::min(end, text_.size()); at_ < end; ++at_) {
      if (text_[at_] != '\n') code_[at_] = ' ';
    }
  }

  std::string_view text_;
  std::string code_;
  std::size_t at_ = 0;
};

}  // namespace

std::string Finding::ToString() const {
  return path + (line == 0 ? "" : ":" + std::to_string(line)) + ": " + what;
}

std::string ToString(const Findings& findings) {
  std::string text;
  for (const Finding& finding : findings) text += finding.ToString() + "\n";
  return text;
}

std::string CodeOnly(std::string_view text) { return Stripper(text).Run(); }

std::size_t LineOf(std::string_view text, std::size_t offset) {
  return 1 + static_cast<std::size_t>(std::ranges::count(text.substr(0, offset), '\n'));
}

std::vector<std::string_view> Lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

}  // namespace tandem::tools
