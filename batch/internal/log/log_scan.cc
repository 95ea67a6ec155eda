#include "tandem/batch/internal/log/log_scan.h"

#include <algorithm>
#include <string>
#include <utility>

#include "tandem/batch/internal/log/log_format.h"
#include "tandem/batch/internal/log/torn_record.h"

namespace tandem::internal {

namespace {

std::optional<GroupStamp> StampOf(std::string record) {
  const Result<GroupStamp> stamp = ReadStamp(rocksdb::WriteBatch(std::move(record)), "");
  return stamp.ok() ? std::optional(*stamp) : std::nullopt;
}

std::optional<GroupStamp> StampAt(std::string_view log, std::size_t begin) {
  LogReader reader(log, begin);
  return reader.Next() ? StampOf(reader.record()) : std::nullopt;
}

}  // namespace

std::optional<GroupStamp> Later(const std::optional<GroupStamp>& a,
                                const std::optional<GroupStamp>& b) {
  if (!a.has_value() || !b.has_value()) return a.has_value() ? a : b;
  return std::pair(a->incarnation, a->flushed) < std::pair(b->incarnation, b->flushed) ? b : a;
}

LogScan ScanLog(std::string_view log) {
  LogScan scan;
  LogReader reader(log, 0);
  std::size_t last_begin = 0;
  while (reader.Next()) {
    last_begin = reader.begin();
    scan.end = reader.at();
  }
  if (scan.end > 0) {
    scan.first = StampAt(log, 0);
    scan.last = StampAt(log, last_begin);
    if (!scan.first.has_value() || !scan.last.has_value()) {
      scan.broken = true;
      scan.broken_at = scan.first.has_value() ? last_begin : 0;
      scan.damage = "a record without a stamp";
      return scan;
    }
  }
  scan.broken_at = std::min(reader.at(), log.size());
  const bool within_record = reader.at() > reader.begin();
  // Zeros are no damage: a file may grow before its bytes arrive (torn_record.h).
  const bool zeros = log.find_first_not_of('\0', scan.broken_at) == std::string_view::npos;
  scan.broken = within_record || !zeros;
  if (!scan.broken) return scan;
  scan.damage = DamageAt(log, scan.broken_at);
  ForEachRecordBehind(log, scan.broken_at, [&scan](const std::string& record) {
    const std::optional<GroupStamp> stamp = StampOf(record);
    if (!scan.first_behind.has_value()) scan.first_behind = stamp;
    scan.latest_behind = Later(scan.latest_behind, stamp);
  });
  return scan;
}

}  // namespace tandem::internal
