#pragma once

// Pages of names, as lists return them.

#include <cstddef>
#include <string>
#include <vector>

namespace tandem {

struct ListOptions {
  std::string prefix = {};  // only names that start with it
  std::string after = {};   // only names greater than it; empty = from the first
  std::size_t limit = 1000;
};

// A page passes over a bounded number of names that are gone (kPagePassedMax in base/limits.h):
// behind many of them it may have fewer names than its limit, or none, though there are more.
struct NamePage {
  std::vector<std::string> names = {};  // in order of their bytes
  bool more = false;                    // there may be further names; false is certain
  std::string next = {};                // pass as `after` to go on
};

}  // namespace tandem
