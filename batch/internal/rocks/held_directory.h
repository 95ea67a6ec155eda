#pragma once

// Which directory is this store? A path is resolved once, at open, to one canonical absolute path;
// everything after that uses it, so neither another spelling nor a change of the working directory
// leads elsewhere. The directory itself is locked, not a name and not a file in it.
//
// RocksDB's own lock can't do that. It compares path strings, and what it locks is a file by
// fcntl(), whose lock belongs to the process and is dropped when any descriptor of that file is
// closed. flock() on an open directory belongs to that one open descriptor. A child made by fork()
// shares the descriptor until it calls exec or ends; until then the store stays held.

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "tandem/base/result.h"

namespace tandem::internal {

// Of a call to the operating system that failed with `error`: NoSpace or IoError, in its words.
Status SystemFailure(const std::string& what, int error);

// Absolute, without symbolic links, and without a final separator; it need not exist. Errors:
// InvalidArgument (an empty path, or one with a zero byte), IoError.
Result<std::filesystem::path> ResolveDirectory(const std::filesystem::path& directory);

// Makes the directory and those above it, and flushes their names. REQUIRES: the path is resolved.
Status MakeDirectory(const std::filesystem::path& directory);

// Flushes the name of a directory into the directory above. RocksDB flushes the names in its
// directory, but not the name of the directory itself: without that a power cut could take a new
// store with all its flushed batches.
Status FlushName(const std::filesystem::path& directory);

// An open and locked directory. Thread-safe.
class HeldDirectory {
 public:
  // Errors: NotFound, InvalidArgument (not a directory), Unavailable (held already, by this process
  // or another), IoError. REQUIRES: the path is resolved.
  static Result<std::unique_ptr<HeldDirectory>> Hold(const std::filesystem::path& directory);
  ~HeldDirectory();  // lets it go
  HeldDirectory(const HeldDirectory&) = delete;
  HeldDirectory& operator=(const HeldDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }

  // IoError if the path does not lead to this directory any more: it was renamed, removed, or
  // something was mounted over it. Costs one stat().
  Status CheckInPlace() const;

 private:
  HeldDirectory(std::filesystem::path path, int descriptor, dev_t device, ino_t inode)
      : path_(std::move(path)), descriptor_(descriptor), device_(device), inode_(inode) {}

  const std::filesystem::path path_;
  const int descriptor_;
  const dev_t device_;
  const ino_t inode_;
};

}  // namespace tandem::internal
