#pragma once

// The code in the README, and in other pages, is the code of real programs. A program marks what a
// page shows by a word for that page:
//
//   // README: begin
//   ...
//   // README: end
//
// and the page shows it, without the indentation that all of it shares, in a block ```cpp.

#include <string>
#include <string_view>
#include <vector>

namespace tandem::readme {

struct Snippet {
  std::string where;  // "README.md:57", for messages
  std::string text;
};

// What stands between ```cpp and ``` . One that is not closed reaches to the end of the text.
std::vector<Snippet> CppBlocks(std::string_view markdown, const std::string& name);

// What a program marks for the page of that word.
std::vector<Snippet> MarkedRegions(std::string_view program, const std::string& name,
                                   const std::string& page);

// What is wrong, a sentence each: a block that is no region, a region that is no block.
std::vector<std::string> Differences(const std::vector<Snippet>& blocks,
                                     const std::vector<Snippet>& regions);

}  // namespace tandem::readme
