#pragma once

// Stands between the process and the operating system: thread_faults.cc defines pthread_create()
// for the whole executable, RocksDB included, so no product code knows about it. It must be part of
// the executable itself.

#include <cstdint>

namespace tandem::testing {

// While it lives, the `nth` thread to be started from now on is refused, and all after it, as by a
// system that has no more to give. One at a time.
class RefusedThreads {
 public:
  explicit RefusedThreads(std::uint64_t nth);
  ~RefusedThreads();
  RefusedThreads(const RefusedThreads&) = delete;
  RefusedThreads& operator=(const RefusedThreads&) = delete;

  // How many were refused.
  std::uint64_t count() const;
};

}  // namespace tandem::testing
