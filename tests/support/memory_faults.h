#pragma once

// Stands between the process and its memory: memory_faults.cc replaces operator new for the whole
// executable, RocksDB included, so no product code knows about it. It must be part of the
// executable itself.

#include <cstdint>

namespace tandem::testing {

// From now on the calling thread's allocations may be refused. RocksDB's own threads are left
// alone: they end the process when they get no memory, and that is not to be mended.
void RefuseOnThisThread();

// While it lives, the `nth` allocation from now on throws std::bad_alloc; with `and_later` all
// after it do, too. One at a time.
class RefusedMemory {
 public:
  RefusedMemory(std::uint64_t nth, bool and_later);
  ~RefusedMemory();
  RefusedMemory(const RefusedMemory&) = delete;
  RefusedMemory& operator=(const RefusedMemory&) = delete;

  // How many were refused.
  std::uint64_t count() const;
};

}  // namespace tandem::testing
