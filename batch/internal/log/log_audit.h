#pragma once

// Finds the end of the write-ahead logs, and tells it from damage, before RocksDB reads them.
//
// A process that dies while it writes, and a power cut, leave an end of the log that was never
// flushed: torn records, zeros, missing sectors with whole records behind them. RocksDB opens with
// some of that, refuses the rest as corrupt, and takes some damage for such an end: one flipped bit
// in a length, and everything behind it would be gone in silence.
//
// So the audit looks for the first place where no whole record begins. Zeros alone are the end.
// Else the group that is missing there was damaged if it had been flushed: the stamps of the groups
// behind it tell, in this log and in later ones. If nothing does, the record itself tells
// (torn_record.h). What was never flushed, and all behind it, is cut off: what is left is a prefix.
//
// A log that ends with a whole record may still lack groups: see wal_guard.h.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tandem/base/result.h"
#include "tandem/batch/internal/log/log_scan.h"

namespace tandem::internal {

// Audits the write-ahead logs of a RocksDB directory, and cuts off what was never flushed.
// Corruption, and then nothing is changed; IoError.
Status AuditLogs(const std::filesystem::path& directory);

// The judgement alone.
struct AuditedLog {
  std::string name;
  std::uint64_t number = 0;
  LogScan scan;
};

// How much of each log is to be kept. REQUIRES: they are in the order of their numbers.
Result<std::vector<std::size_t>> JudgeLogs(const std::vector<AuditedLog>& logs);

}  // namespace tandem::internal
