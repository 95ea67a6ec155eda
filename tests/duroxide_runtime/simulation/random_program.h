#pragma once

// Random orchestrations: a program is a tree that follows from a number, and an orchestration that
// does what the tree says. Its result is determined, whatever crashes and whoever is first, unless
// the tree holds a race.

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "tandem/duroxide.h"

namespace duroxide::testing {

struct ProgramNode {
  enum class Kind { kActivity, kFailing, kSleep, kStep, kChild, kAll, kAny, kSequence, kEvent };
  Kind kind = Kind::kActivity;
  int value = 0;
  std::vector<std::size_t> operands;  // indexes in Program::nodes
};

struct Program {
  std::vector<ProgramNode> nodes;  // the root is the last
  bool races = false;              // who is first decides the result

  static Program Of(std::uint64_t seed, int depth);
};

// {seed, depth, rounds, sum so far, events}: runs its program, reads so many events named "box",
// adds up what they give, and continues as new until no round is left.
inline constexpr Orchestration<int(std::vector<std::int64_t>)> kProgram("program");
inline constexpr Activity<int(int)> kDouble("double");
inline constexpr Activity<int(int)> kFail("fail");

// Counts, by call, how often activities ran.
using ActivityRuns = std::map<std::tuple<std::string, std::uint64_t, std::uint64_t>, int>;

Registry ProgramRegistry(std::shared_ptr<ActivityRuns> runs);

}  // namespace duroxide::testing
