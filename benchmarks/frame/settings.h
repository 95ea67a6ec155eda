#pragma once

// How large a run is: the flags that all benchmarks share besides Google Benchmark's own. The
// defaults are those of the published figures; a test runs each benchmark with small ones.

#include <cstdint>

namespace tandem::benchmarks {

struct Settings {
  std::uint64_t rounds = 12;          // --rounds: blocks of each contender; the first is a warm-up
  std::uint64_t repetitions = 5;      // --repetitions: runs of each figure, on new stores
  std::uint64_t block_percent = 100;  // --block_percent: length of the blocks
  std::uint64_t messages_max = 5'000'000;  // --messages_max: the deepest queue
  std::uint64_t events_max = 1'000'000;    // --events_max: the largest event store

  // `units` at 100 percent; at least 1.
  int BlockSize(int units) const;
};

// Takes the flags --name=number that it knows out of the arguments, as benchmark::Initialize does.
// Ends the process with a message if a number can't be read.
Settings TakeSettings(int* argc, char** argv);

}  // namespace tandem::benchmarks
