#pragma once

// A duel plays a script on a store and on the model, the provider in memory, with one clock. It
// ends at the first step whose outcomes differ.
//
// After a crash the store must equal the model after some step at or after the last flush. There
// may be several that look the same: all of them go on, and each is dropped when it differs.

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tandem/tests/provider_random/script.h"
#include "tandem/tests/provider_random/subject.h"

namespace tandem::testing {

struct Disagreement {
  std::size_t step = 0;
  std::string expected;  // what the model said
  std::string actual;

  std::string ToString(const Script& script) const;
};

// What was played, by name.
struct Tally {
  std::size_t sequences = 0;
  std::map<std::string, std::size_t> steps;     // by verb, operations too
  std::map<std::string, std::size_t> outcomes;  // of batches and dequeues: by first word
  std::size_t lost_steps = 0;                   // by crashes
};

std::optional<Disagreement> Play(const Script& script, const SubjectFactory& factory,
                                 Tally* tally = nullptr);

}  // namespace tandem::testing
