#pragma once

// C++ text without what is no code, and what was found in it. Rules that look at text alone hold
// for code that was never compiled.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::tools {

struct SourceFile {
  std::string path;  // "batch/provider.h"
  std::string text;

  std::string folder() const { return path.substr(0, path.find('/')); }
  bool IsHeader() const { return path.ends_with(".h"); }
  bool IsCpp() const { return IsHeader() || path.ends_with(".cc"); }
};

struct Finding {
  std::string path;
  std::size_t line = 0;  // from 1; 0 = the whole file
  std::string what;

  std::string ToString() const;
};

using Findings = std::vector<Finding>;

// One finding a line, for a test's message.
std::string ToString(const Findings& findings);

// The same text with comments and the contents of string and character literals as blanks. Every
// line and column stays where it is. Lines with #include keep their path.
std::string CodeOnly(std::string_view text);

// Of the character at `offset`; the first line is 1.
std::size_t LineOf(std::string_view text, std::size_t offset);

std::vector<std::string_view> Lines(std::string_view text);

}  // namespace tandem::tools
