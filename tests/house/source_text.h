#pragma once

// The project's own files as text, and C++ text without what is no code. The rules of this folder
// look at text alone, so that they hold for code that was never compiled.

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::house {

struct SourceFile {
  std::string path;  // from the project's root, e.g. "batch/provider.h"
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

// All text files below `root` that are ours, sorted; neither build/ nor hidden folders except .ci/.
std::vector<SourceFile> ReadSourceTree(const std::filesystem::path& root);

// The files of this project: ReadSourceTree of the source directory that CMake passed.
const std::vector<SourceFile>& ProjectFiles();

// The same text with comments and the contents of string and character literals as blanks. Every
// line and column stays where it is. Lines with #include keep their path.
std::string CodeOnly(std::string_view text);

// Of the character at `offset`; the first line is 1.
std::size_t LineOf(std::string_view text, std::size_t offset);

std::vector<std::string_view> Lines(std::string_view text);

}  // namespace tandem::house
