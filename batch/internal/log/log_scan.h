#pragma once

// What one write-ahead log says of itself: its whole records up to the first place where none
// begins, and the traces of others behind that.

#include <cstddef>
#include <optional>
#include <string_view>

#include "tandem/batch/internal/log/group_stamp.h"

namespace tandem::internal {

struct LogScan {
  std::size_t end = 0;              // behind the last whole record
  std::optional<GroupStamp> first;  // of those up to there
  std::optional<GroupStamp> last;

  bool broken = false;           // what follows is something else than zeros
  std::size_t broken_at = 0;     // the first fragment that is not whole
  const char* damage = nullptr;  // why no power cut left it; nullptr: it may be torn

  std::optional<GroupStamp> first_behind;   // of whole records behind a broken one
  std::optional<GroupStamp> latest_behind;  // the one that knew of the latest flush
};

LogScan ScanLog(std::string_view log);

// The one of the two that knew of the later flush.
std::optional<GroupStamp> Later(const std::optional<GroupStamp>& a,
                                const std::optional<GroupStamp>& b);

}  // namespace tandem::internal
