#include "tandem/tests/readme/snippets.h"

#include <algorithm>
#include <cstddef>

namespace tandem::readme {

namespace {

std::string_view WithoutIndentation(std::string_view line) {
  return line.substr(std::min(line.find_first_not_of(' '), line.size()));
}

// Takes away the blanks that every line begins with; empty lines have no say.
std::string Unindent(const std::vector<std::string_view>& lines) {
  std::size_t shared = std::string_view::npos;
  for (const std::string_view line : lines) {
    const std::size_t indentation = line.size() - WithoutIndentation(line).size();
    if (indentation < line.size()) shared = std::min(shared, indentation);
  }
  std::string text;
  for (const std::string_view line : lines) {
    text.append(line.substr(std::min(shared, line.size()))).append("\n");
  }
  return text;
}

// What stands between a line `begin` and the next line `end`.
std::vector<Snippet> Between(std::string_view text, const std::string& name, std::string_view begin,
                             std::string_view end) {
  std::vector<Snippet> snippets;
  std::vector<std::string_view> lines;
  bool inside = false;
  std::size_t number = 0;
  while (!text.empty()) {
    ++number;
    const std::size_t newline = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, newline);
    text.remove_prefix(std::min(newline + 1, text.size()));
    if (!inside && WithoutIndentation(line) == begin) {
      inside = true;
      snippets.push_back({name + ":" + std::to_string(number), {}});
    } else if (inside && WithoutIndentation(line) == end) {
      inside = false;
      snippets.back().text = Unindent(lines);
      lines.clear();
    } else if (inside) {
      lines.push_back(line);
    }
  }
  if (inside) snippets.back().text = Unindent(lines);
  return snippets;
}

void NoteMissing(const std::vector<Snippet>& wanted, const std::vector<Snippet>& among,
                 const std::string& what, std::vector<std::string>& differences) {
  for (const Snippet& snippet : wanted) {
    if (std::ranges::find(among, snippet.text, &Snippet::text) != among.end()) continue;
    differences.push_back(snippet.where + ": " + what + ":\n" + snippet.text);
  }
}

}  // namespace

std::vector<Snippet> CppBlocks(std::string_view markdown, const std::string& name) {
  return Between(markdown, name, "```cpp", "```");
}

std::vector<Snippet> MarkedRegions(std::string_view program, const std::string& name,
                                   const std::string& page) {
  return Between(program, name, "// " + page + ": begin", "// " + page + ": end");
}

std::vector<std::string> Differences(const std::vector<Snippet>& blocks,
                                     const std::vector<Snippet>& regions) {
  std::vector<std::string> differences;
  NoteMissing(blocks, regions, "no program marks exactly this block", differences);
  NoteMissing(regions, blocks, "the page does not show exactly this region", differences);
  return differences;
}

}  // namespace tandem::readme
