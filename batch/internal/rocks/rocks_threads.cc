#include "tandem/batch/internal/rocks/rocks_threads.h"

#include <rocksdb/env.h>

#include "tandem/base/out_of_memory.h"

namespace tandem::internal {

Status StartRocksThreads() {
  rocksdb::Env* const env = rocksdb::Env::Default();
  try {
    for (const auto priority : {rocksdb::Env::Priority::HIGH, rocksdb::Env::Priority::LOW}) {
      env->IncBackgroundThreadsIfNeeded(1, priority);
      // That does nothing where it has failed before; a job starts whatever thread is missing.
      env->Schedule([](void* /*nothing*/) {}, nullptr, priority);
    }
  } catch (...) {
    return StatusOfException();
  }
  return Status::Ok();
}

}  // namespace tandem::internal
