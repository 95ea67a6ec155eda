#include "tandem/base/rocks/rocks_status.h"

#include <string>

namespace tandem {

Status FromRocks(const rocksdb::Status& status, std::string_view where) {
  if (status.ok()) return Status::Ok();
  const std::string place(where);
  std::string message = place + ": " + status.ToString();
  if (status.IsCorruption()) return Status::Corruption(place, status.ToString());
  // To RocksDB a full disk is an IOError with a subcode, so IsIOError() is true for it as well.
  if (status.IsNoSpace()) return Status::NoSpace(std::move(message));
  if (status.IsIOError()) return Status::IoError(std::move(message));
  if (status.IsBusy() || status.IsTryAgain() || status.IsTimedOut()) {
    return Status::Unavailable(std::move(message));
  }
  if (status.IsNotSupported()) return Status::Unsupported(std::move(message));
  if (status.IsInvalidArgument()) return Status::InvalidArgument(std::move(message));
  if (status.IsShutdownInProgress()) return Status::Cancelled(std::move(message));
  return Status::Internal(std::move(message));
}

}  // namespace tandem
