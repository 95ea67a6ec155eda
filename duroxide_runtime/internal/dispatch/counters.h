#pragma once

// The counters behind RuntimeStats (runtime.h). Thread-safe.

#include <atomic>
#include <cstdint>

namespace duroxide::internal {

struct Counters {
  std::atomic<std::uint64_t> turns = 0;
  std::atomic<std::uint64_t> events_replayed = 0;
  std::atomic<std::uint64_t> activities_run = 0;
  std::atomic<std::uint64_t> activities_dropped = 0;
  std::atomic<std::uint64_t> activities_given_back = 0;
  std::atomic<std::uint64_t> turn_conflicts = 0;
  std::atomic<std::uint64_t> messages_dropped = 0;
  std::atomic<std::uint64_t> parked = 0;
  std::atomic<std::uint64_t> handed_over = 0;
  std::atomic<std::uint64_t> poisoned = 0;
};

}  // namespace duroxide::internal
