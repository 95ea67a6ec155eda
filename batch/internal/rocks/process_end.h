#pragma once

// What becomes of open stores when the process ends by exit() or by the end of main. RocksDB keeps
// objects and threads for the whole process, and they end in between: after the objects of the
// program that were made later, before those that were made earlier.

#include "tandem/base/status.h"

namespace tandem::internal {

// Ok, or Unavailable: this is a child made by fork() after a store was opened. RocksDB's threads
// for the whole process are missing here, and it would wait for them.
Status CheckMayOpen();

// To be called once RocksDB has made what it keeps, so after a store was opened:
//   * In a forked child the process then ends where RocksDB's objects would wait for threads that
//     exist in the parent only. Handlers that were registered, and objects that were constructed,
//     before are not run, but standard output is written.
//   * Elsewhere RocksDbIsGone() holds from then on.
void WatchProcessEnd();

// True when the process ends, and RocksDB's objects with it: a store that is still open can't be
// closed any more. It is as if the process had been killed.
bool RocksDbIsGone();

}  // namespace tandem::internal
