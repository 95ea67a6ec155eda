#pragma once

// The stamp that every write to the log carries, as log data: with it recovery tells which groups
// of batches are missing, and whether they had been flushed.
//
//   stamp := 'S' incarnation:u64be number:u64be flushed:u64be first_log:u64be
//
// Numbers are consecutive within an incarnation. Number 0 is the record that names it: the first
// write after an open, to a new log, flushed before anything else is written.

#include <rocksdb/write_batch.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tandem/base/result.h"

namespace tandem::internal {

struct GroupStamp {
  std::uint64_t incarnation = 0;
  std::uint64_t number = 0;
  std::uint64_t flushed = 0;    // the last group of the incarnation that was known to be flushed
  std::uint64_t first_log = 0;  // the number of the log that has the incarnation's group 0
};

std::string EncodeGroupStamp(const GroupStamp& stamp);
std::optional<GroupStamp> DecodeGroupStamp(std::string_view bytes);

// Whether a group with this stamp was written after group `missing` had been flushed. A later
// incarnation begins with a flush.
bool Promises(const GroupStamp& stamp, const GroupStamp& missing);

// "group 7 of incarnation 2"
std::string Describe(const GroupStamp& stamp);

// The stamp of a record of the log. Corruption: the batch can't be read, or has none.
Result<GroupStamp> ReadStamp(const rocksdb::WriteBatch& batch, std::string_view log_name);

}  // namespace tandem::internal
