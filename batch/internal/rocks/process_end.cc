#include "tandem/batch/internal/rocks/process_end.h"

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>

#include "tandem/base/process_mark.h"

namespace tandem::internal {

namespace {

std::atomic<bool> gone = false;

// The process in which a store was opened first; never destroyed.
const ProcessMark& FirstOpening() {
  static const auto* const kMark = new ProcessMark();
  return *kMark;
}

void AtProcessEnd(int status, void* /*unused*/) {
  if (FirstOpening().in_forked_child()) {
    (void)std::fflush(nullptr);
    _exit(status);
  }
  gone = true;
}

}  // namespace

Status CheckMayOpen() {
  if (!FirstOpening().in_forked_child()) return Status::Ok();
  return Status::Unavailable(
      "this process was forked from one that had opened a store, and lacks the threads of RocksDB: "
      "fork before the first store is opened, or use exec");
}

void WatchProcessEnd() {
  FirstOpening();
  static const int kRegistered = on_exit(&AtProcessEnd, nullptr);
  (void)kRegistered;
}

bool RocksDbIsGone() { return gone; }

}  // namespace tandem::internal
