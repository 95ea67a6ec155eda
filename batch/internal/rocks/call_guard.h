#pragma once

// What each call of a provider on RocksDB goes through first and last.
//
// RocksDB is not made for exceptions. Where one has come out of it, it may still hold locks and
// counts of references, for the calling thread too, and would write again what it had begun to
// write: another read on that thread, or closing it, could end the process, or worse. So once a
// call has found no memory, the provider is broken: it touches RocksDB no more.

#include <new>

#include "tandem/base/async_wait.h"
#include "tandem/base/out_of_memory.h"
#include "tandem/base/process_mark.h"
#include "tandem/base/status.h"

namespace tandem::internal {

// Thread-safe.
class CallGuard {
 public:
  // REQUIRES: `waits`, which are broken together with it, outlive every call.
  explicit CallGuard(AsyncWaits* waits) : waits_(waits) {}

  const ProcessMark& mark() const { return mark_; }

  void Break() { waits_->Break(); }
  bool broken() const { return waits_->broken(); }

  // f(), which returns a Status or a Result. At once Unavailable in a forked child, and where the
  // provider is broken; OutOfMemory if it throws std::bad_alloc, which breaks it. REQUIRES: what
  // throws has changed nothing.
  template <typename F>
  auto Call(F f) -> decltype(f()) {
    if (mark_.in_forked_child()) return ProcessMark::ForkedChild();
    if (broken()) return OutOfMemory();
    try {
      return f();
    } catch (const std::bad_alloc&) {
      Break();
      return OutOfMemory();
    }
  }

 private:
  const ProcessMark mark_;
  AsyncWaits* const waits_;
};

}  // namespace tandem::internal
