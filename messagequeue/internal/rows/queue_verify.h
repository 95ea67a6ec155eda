#pragma once

// Reads all that the message queues have stored, in one snapshot, and checks that it fits together:
// every record can be read, each message is found by everything that should lead to it, and nothing
// leads to a message that is not there. Memory does not grow with what is read.

#include <rocksdb/db.h>

#include <cstdint>

#include "tandem/base/result.h"

namespace tandem::internal {

struct QueueCounts {
  std::uint64_t queues = 0;  // that have messages
  std::uint64_t messages = 0;
};

// Corruption names the first thing that does not fit.
Result<QueueCounts> VerifyQueues(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family,
                                 const rocksdb::Snapshot* snapshot);

}  // namespace tandem::internal
