#pragma once

// How a case is written down:
//
//   CONFORMANCE_CASE(Leases, AnAckIsForEver, Shows("L2")) { ... }
//
// defines a case of the chapter `Leases` on the fixture `LeasesTest`, which the chapter's file
// defines. Needs(...) names optional parts without which it is skipped.

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tandem/tests/provider_conformance/conformance.h"

namespace tandem::conformance {

class ConformanceTest;

// What a case shows, and needs.
class Shows {
 public:
  template <typename... Numbers>
  explicit Shows(Numbers... numbers) : numbers_{numbers...} {}

  Shows Needs(Part part) && {
    needs_.push_back(part);
    return std::move(*this);
  }

  const std::vector<std::string>& numbers() const { return numbers_; }
  const std::vector<Part>& needs() const { return needs_; }

 private:
  std::vector<std::string> numbers_;
  std::vector<Part> needs_;
};

struct Case {
  const char* name;
  Shows shows;
  const char* file;
  int line;
  std::function<ConformanceTest*()> make;
};

// The cases of one chapter. Each file of cases defines its own by CONFORMANCE_CHAPTER, and
// conformance.cc names them all: that is what links the files, also out of a static library.
using Chapter = std::vector<Case>;

inline bool Add(Chapter& chapter, Case added) {
  chapter.push_back(std::move(added));
  return true;
}

}  // namespace tandem::conformance

// NOLINTBEGIN(bugprone-macro-parentheses): names of classes and functions have none.
// At namespace scope of tandem::conformance, before the cases.
#define CONFORMANCE_CHAPTER(chapter) \
  Chapter& chapter##Chapter() {      \
    static Chapter cases;            \
    return cases;                    \
  }

#define CONFORMANCE_CASE(chapter, name, shows)                                                \
  class name final : public chapter##Test {                                                   \
    void Body() override;                                                                     \
  };                                                                                          \
  [[maybe_unused]] const bool k##name##Added =                                                \
      Add(chapter##Chapter(),                                                                 \
          {#name, shows, __FILE__, __LINE__, []() -> ConformanceTest* { return new name; }}); \
  void name::Body()
// NOLINTEND(bugprone-macro-parentheses)
