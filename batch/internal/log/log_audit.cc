#include "tandem/batch/internal/log/log_audit.h"

#include <rocksdb/env.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "tandem/base/check.h"
#include "tandem/base/rocks/rocks_status.h"
#include "tandem/batch/internal/log/log_file.h"

namespace tandem::internal {

namespace {

constexpr std::string_view kLogSuffix = ".log";

// nullopt: the name is not that of a log.
std::optional<std::uint64_t> LogNumber(const std::string& name) {
  if (!name.ends_with(kLogSuffix)) return std::nullopt;
  const char* const end = name.data() + name.size() - kLogSuffix.size();
  std::uint64_t number = 0;
  const auto [read_to, error] = std::from_chars(name.data(), end, number);
  return error == std::errc() && read_to == end ? std::optional(number) : std::nullopt;
}

Result<std::vector<AuditedLog>> ScanLogs(const std::filesystem::path& directory) {
  std::error_code error;
  std::vector<AuditedLog> logs;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename().string();
    if (const auto number = LogNumber(name)) logs.push_back(AuditedLog{name, *number, {}});
  }
  if (error) return Status::IoError("can't list " + directory.string() + ": " + error.message());
  std::ranges::sort(logs, {}, &AuditedLog::number);
  for (AuditedLog& log : logs) {
    TANDEM_ASSIGN_OR_RETURN(const std::string bytes, ReadWhole(directory / log.name));
    log.scan = ScanLog(bytes);
  }
  return logs;
}

// What whole records behind an end say.
struct Behind {
  std::optional<GroupStamp> first;
  std::optional<GroupStamp> latest;
};

Behind LookBehind(const std::vector<AuditedLog>& logs, std::size_t end_in) {
  Behind behind{logs[end_in].scan.first_behind, logs[end_in].scan.latest_behind};
  for (std::size_t i = end_in + 1; i < logs.size(); ++i) {
    const LogScan& scan = logs[i].scan;
    const auto& first = scan.first.has_value() ? scan.first : scan.first_behind;
    if (!behind.first.has_value()) behind.first = first;
    behind.latest = Later(behind.latest, Later(scan.last, scan.latest_behind));
  }
  return behind;
}

// Whether the whole log is missing: it has nothing, but it was not the first nor the last of an
// incarnation, and RocksDB begins no other log behind one without a record.
bool IsLost(const AuditedLog& log, const Behind& behind) {
  return !log.scan.first.has_value() && behind.first.has_value() &&
         behind.first->first_log <= log.number;
}

// A group that is missing behind `last`, for certain: the next. Where nothing of its incarnation is
// in front, the one before the first behind.
GroupStamp Missing(const std::optional<GroupStamp>& last, const GroupStamp& behind) {
  if (last.has_value() && (last->incarnation == behind.incarnation || behind.number == 0)) {
    return {last->incarnation, last->number + 1};
  }
  return {behind.incarnation, std::max(behind.number, std::uint64_t{1}) - 1};
}

// The end of the logs is in `log`. Was what is missing there flushed? `last` was the last group
// before.
Status JudgeEnd(const AuditedLog& log, const std::optional<GroupStamp>& last,
                const Behind& behind) {
  const std::size_t at = log.scan.broken_at;
  if (behind.first.has_value()) {
    const GroupStamp missing = Missing(last, *behind.first);
    // An incarnation's first group is flushed before its second is written.
    const bool began_here = !log.scan.first.has_value() && behind.first->first_log == log.number;
    if (began_here || Promises(*behind.latest, missing)) {
      return Damaged(log.name, at,
                     Describe(missing) + " is missing, which was flushed before " +
                         Describe(*behind.latest) + " was written");
    }
  }
  if (log.scan.damage != nullptr) return Damaged(log.name, at, log.scan.damage);
  return Status::Ok();
}

Status AuditAndCut(const std::filesystem::path& directory) {
  TANDEM_ASSIGN_OR_RETURN(const std::vector<AuditedLog> logs, ScanLogs(directory));
  TANDEM_ASSIGN_OR_RETURN(const std::vector<std::size_t> sizes, JudgeLogs(logs));
  for (std::size_t i = 0; i < logs.size(); ++i) {
    const std::filesystem::path path = directory / logs[i].name;
    std::error_code error;
    const std::uintmax_t size = std::filesystem::file_size(path, error);
    if (error) return Status::IoError("can't read " + path.string() + ": " + error.message());
    if (size > sizes[i]) TANDEM_RETURN_IF_ERROR(CutFile(path, sizes[i]));
  }
  return Status::Ok();
}

}  // namespace

Result<std::vector<std::size_t>> JudgeLogs(const std::vector<AuditedLog>& logs) {
  TANDEM_REQUIRE(std::ranges::is_sorted(logs, {}, &AuditedLog::number), "logs are in order");
  std::vector<std::size_t> sizes(logs.size(), 0);
  std::optional<GroupStamp> last;
  for (std::size_t i = 0; i < logs.size(); ++i) {
    const LogScan& scan = logs[i].scan;
    sizes[i] = scan.end;
    if (scan.last.has_value()) last = scan.last;
    const Behind behind = LookBehind(logs, i);
    if (!scan.broken && !IsLost(logs[i], behind)) continue;
    TANDEM_RETURN_IF_ERROR(JudgeEnd(logs[i], last, behind));
    break;  // nothing is left of later logs
  }
  return sizes;
}

Status AuditLogs(const std::filesystem::path& directory) {
  // Held: a log that somebody is writing to ends anywhere.
  rocksdb::Env* const env = rocksdb::Env::Default();
  rocksdb::FileLock* lock = nullptr;
  TANDEM_RETURN_IF_ERROR(
      FromRocks(env->LockFile(directory / "LOCK", &lock), "lock of " + directory.string()));
  const Status audited = AuditAndCut(directory);
  const rocksdb::Status unlocked = env->UnlockFile(lock);
  TANDEM_RETURN_IF_ERROR(audited);
  return FromRocks(unlocked, "release of the lock of " + directory.string());
}

}  // namespace tandem::internal
