#pragma once

// Random scripts: few entities, queues, keys and groups, so that steps meet, and as many that must
// fail as that succeed. The same seed gives the same script, on every machine.

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "tandem/tests/provider_random/script.h"

namespace tandem::testing {

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  Script Make(std::size_t steps);

 private:
  std::size_t Dice(std::size_t end) { return random_() % end; }
  bool Once(std::size_t in) { return Dice(in) == 0; }
  std::string Pick(const std::vector<std::string>& words) { return words[Dice(words.size())]; }
  std::string Number(std::size_t end) { return std::to_string(Dice(end)); }

  std::string Entity() { return Pick({"a", "a", "a\\0", "b"}); }
  std::string Stream() { return Entity() + "/" + Number(4); }
  std::string Queue() { return Pick({"q", "q", "q", "r", "q/dead"}); }
  std::string Group() { return Pick({"g", "g", "h\\0"}); }
  std::string Key() { return Pick({"k1", "k2", "k3"}); }
  std::string MetadataKey() { return Pick({"m", "m1", "m2", "n", "o\\0"}); }
  std::string Payload();
  std::string Expectation();
  std::string Token();
  std::string Delay();

  std::string NextStep();
  std::string SetClock();
  std::string Batch();
  std::string Operation();
  std::string EventOperation();
  std::string QueueOperation();
  std::string Dequeue();
  std::string Look();
  std::string Administer();

  std::mt19937_64 random_;
  std::size_t messages_percent_ = 50;  // of the operations
  std::size_t dequeues_ = 0;
  std::size_t clocks_ = 0;
  std::uint64_t now_ = 0;             // milliseconds since the start
  std::vector<std::string> repeats_;  // batches that had an id
};

}  // namespace tandem::testing
