#pragma once

// Pages of names, as lists return them.

#include <cstddef>
#include <string>
#include <vector>

namespace tandem {

struct ListOptions {
  std::string prefix;  // only names that start with it
  std::string after;   // only names greater than it; empty = from the first
  std::size_t limit = 1000;
};

struct NamePage {
  std::vector<std::string> names;  // in order of their bytes
  bool more = false;               // there are further names
};

}  // namespace tandem
