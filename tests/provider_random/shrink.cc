#include "tests/provider_random/shrink.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace tandem::testing {

namespace {

using Fails = std::function<bool(const Script&)>;

// Drops runs of steps: long ones first.
bool DropSteps(Script& script, const Fails& fails) {
  bool shorter = false;
  for (std::size_t run = std::max<std::size_t>(script.size() / 2, 1); run > 0; run /= 2) {
    std::size_t end = script.size();
    while (end > 0) {
      const std::size_t begin = end > run ? end - run : 0;
      Script candidate = script;
      candidate.erase(candidate.begin() + static_cast<std::ptrdiff_t>(begin),
                      candidate.begin() + static_cast<std::ptrdiff_t>(end));
      if (fails(candidate)) {
        script = std::move(candidate);
        shorter = true;
      }
      end = begin;
    }
  }
  return shorter;
}

// Tries a step's smaller versions in its place.
bool Replace(Script& script, std::size_t index, Step smaller, const Fails& fails) {
  Script candidate = script;
  candidate[index] = std::move(smaller);
  if (!fails(candidate)) return false;
  script = std::move(candidate);
  return true;
}

bool DropOperations(Script& script, const Fails& fails) {
  bool shorter = false;
  for (std::size_t i = 0; i < script.size(); ++i) {
    for (std::size_t j = script[i].operations.size(); j-- > 0;) {
      Step smaller = script[i];
      smaller.operations.erase(smaller.operations.begin() + static_cast<std::ptrdiff_t>(j));
      shorter |= Replace(script, i, std::move(smaller), fails);
    }
  }
  return shorter;
}

bool DropOptions(Script& script, const Fails& fails) {
  bool shorter = false;
  for (std::size_t i = 0; i < script.size(); ++i) {
    const Step whole = script[i];
    for (const auto& [name, value] : whole.options) {
      Step smaller = script[i];
      smaller.options.erase(name);
      shorter |= Replace(script, i, std::move(smaller), fails);
    }
    for (std::size_t j = 0; j < whole.operations.size(); ++j) {
      for (const auto& [name, value] : whole.operations[j].options) {
        Step smaller = script[i];
        smaller.operations[j].options.erase(name);
        shorter |= Replace(script, i, std::move(smaller), fails);
      }
    }
  }
  return shorter;
}

}  // namespace

Script Shrink(Script script, const Fails& fails) {
  bool shorter = true;
  while (shorter) {
    shorter = DropSteps(script, fails);
    shorter |= DropOperations(script, fails);
    shorter |= DropOptions(script, fails);
  }
  return script;
}

}  // namespace tandem::testing
