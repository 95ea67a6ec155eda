#pragma once

// One round of the demonstration: kill the checksum program in the middle, look into its store, let
// it finish, and compare what it did with what it had promised.

#include <cstddef>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include <tandem/duroxide_runtime/history.h>
#include <tandem/tandem.h>

namespace checksum {

struct RoundOptions {
  std::filesystem::path program;  // the checksum executable
  std::filesystem::path directory;
  std::filesystem::path work;     // an empty directory for this round
  std::size_t runs_expected = 0;  // activity runs of an undisturbed job: the kill falls among them
};

struct RoundResult {
  std::size_t killed_after = 0;             // activity runs that had started
  std::vector<duroxide::EventId> promised;  // activities that had ended in the history by then
  std::size_t runs = 0;                     // activity runs in all, both processes
  std::size_t repeated = 0;  // of those, runs of an activity that had been started before
  std::size_t files = 0;     // in the manifest, checked by sha256sum
};

// A job that is let alone: how many activity runs it takes.
tandem::Result<std::size_t> RunUndisturbed(const RoundOptions& options);

// Internal, with the reason, if a promise was broken.
tandem::Result<RoundResult> RunRound(const RoundOptions& options, std::mt19937_64& random);

}  // namespace checksum
