#include "tandem/tests/provider_random/shrink.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <string>
#include <utility>

namespace tandem::testing {

namespace {

// Those that mean something without their last words.
const std::set<std::string> kOptionalWords = {"batch", "append", "metadata", "abandon", "read"};

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

// Drops options and words of a step or operation, one at a time: `part` finds it in its step.
bool DropParts(Script& script, std::size_t index, const std::function<Step&(Step&)>& part,
               const Fails& fails) {
  bool shorter = false;
  Step whole = script[index];
  for (const auto& [name, value] : part(whole).options) {
    Step smaller = script[index];
    part(smaller).options.erase(name);
    shorter |= Replace(script, index, std::move(smaller), fails);
  }
  // What comes first names what the step is about.
  const std::size_t kept = part(whole).verb == "batch" ? 0 : 1;
  const bool optional_words = kOptionalWords.contains(part(whole).verb);
  for (std::size_t i = part(whole).words.size(); optional_words && i-- > kept;) {
    Step smaller = script[index];
    part(smaller).words.erase(part(smaller).words.begin() + static_cast<std::ptrdiff_t>(i));
    shorter |= Replace(script, index, std::move(smaller), fails);
  }
  return shorter;
}

bool DropDetails(Script& script, const Fails& fails) {
  bool shorter = false;
  for (std::size_t i = 0; i < script.size(); ++i) {
    shorter |= DropParts(script, i, [](Step& step) -> Step& { return step; }, fails);
    for (std::size_t j = 0; j < script[i].operations.size(); ++j) {
      shorter |=
          DropParts(script, i, [j](Step& step) -> Step& { return step.operations[j]; }, fails);
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
    shorter |= DropDetails(script, fails);
  }
  return script;
}

}  // namespace tandem::testing
