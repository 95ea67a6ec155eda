#pragma once

// One kill of the demonstration: start the ledger, SIGKILL it in the middle, look into its store.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include <tandem/tandem.h>
#include "examples/ledger/input.h"

namespace ledger {

struct KillOptions {
  std::filesystem::path program;  // the ledger executable
  std::filesystem::path work;     // where the store and the logs are
  InputOptions input;
  std::vector<std::string> arguments;  // of the program, without --store and the like
  std::uint64_t rows = 0;              // of the whole input
};

struct KillAim {
  std::size_t number = 0;           // of the kill; names its log
  std::uint64_t target = 0;         // rows
  std::uint64_t stored_before = 0;  // rows that were decided when the last process died
};

struct KillResult {
  bool killed = false;       // false: it had finished before
  std::uint64_t told = 0;    // rows that it had reported as decided
  std::uint64_t stored = 0;  // rows that are decided in the store
  std::uint64_t events = 0;  // of the accounts, all of them as the recount says
  std::uint64_t in_view = 0;
};

// Kills the program when it has told of `target` rows, and a moment later; soon after its start if
// an earlier one had come that far. Then the store must hold just what a recount up to its
// checkpoints gives, and at least what was told or there before. Internal, with the reason, if not.
tandem::Result<KillResult> KillOnce(const KillOptions& options, const KillAim& aim,
                                    std::mt19937_64& random);

// Lets it finish, and returns what it printed. Internal if it, or its own check, failed.
tandem::Result<std::string> RunToTheEnd(const KillOptions& options);

}  // namespace ledger
