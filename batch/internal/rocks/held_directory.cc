#include "tandem/batch/internal/rocks/held_directory.h"

#include <fcntl.h>
#include <rocksdb/env.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "tandem/base/check.h"
#include "tandem/base/rocks/rocks_status.h"

namespace tandem::internal {

namespace fs = std::filesystem;

namespace {

Status OpenFailure(const fs::path& directory, int error) {
  if (error == ENOENT) return Status::NotFound("no directory " + directory.string());
  if (error == ENOTDIR || error == ELOOP) {
    return Status::InvalidArgument(directory.string() + " is no directory; a store needs its own");
  }
  return SystemFailure("can't open the directory " + directory.string(), error);
}

Status LockFailure(const fs::path& directory, int error) {
  if (error == EWOULDBLOCK) {
    return Status::Unavailable("the store at " + directory.string() +
                               " is open already, in this process or in another one; close it "
                               "there first");
  }
  return SystemFailure("can't lock the directory " + directory.string(), error);
}

}  // namespace

Status SystemFailure(const std::string& what, int error) {
  std::string message = what + ": " + std::generic_category().message(error);
  if (error == ENOSPC || error == EDQUOT) return Status::NoSpace(std::move(message));
  return Status::IoError(std::move(message));
}

Result<fs::path> ResolveDirectory(const fs::path& directory) {
  const std::string& name = directory.native();
  if (name.empty()) return Status::InvalidArgument("the path of a store is empty");
  if (name.find('\0') != std::string::npos) {
    return Status::InvalidArgument("the path of a store has a zero byte in it");
  }
  std::error_code error;
  fs::path path = fs::absolute(directory, error);
  if (error) {
    return SystemFailure("can't find the working directory for the path " + name, error.value());
  }
  path = fs::weakly_canonical(path, error);
  if (error) return SystemFailure("can't look at " + name, error.value());
  return path.has_filename() ? path : path.parent_path();
}

Status FlushName(const fs::path& directory) {
  const std::string parent = directory.parent_path();
  std::unique_ptr<rocksdb::Directory> opened;
  rocksdb::Status status = rocksdb::Env::Default()->NewDirectory(parent, &opened);
  if (status.ok()) status = opened->Fsync();
  return FromRocks(status, "flush of the directory " + parent);
}

Status MakeDirectory(const fs::path& directory) {
  TANDEM_REQUIRE(directory.is_absolute(), "the path is resolved");
  std::error_code error;
  std::vector<fs::path> missing;
  for (auto path = directory; !fs::exists(path, error); path = path.parent_path()) {
    missing.push_back(path);
  }
  fs::create_directories(directory, error);
  if (error) {
    return SystemFailure("can't make the directory " + directory.string(), error.value());
  }
  for (const auto& path : missing) TANDEM_RETURN_IF_ERROR(FlushName(path));
  return Status::Ok();
}

Result<std::unique_ptr<HeldDirectory>> HeldDirectory::Hold(const fs::path& directory) {
  TANDEM_REQUIRE(directory.is_absolute(), "the path is resolved");
  const int descriptor =
      open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);  // NOLINT
  if (descriptor < 0) return OpenFailure(directory, errno);
  struct stat found{};
  const bool known = fstat(descriptor, &found) == 0;
  int error = known ? 0 : errno;
  // Owns the descriptor from here on.
  std::unique_ptr<HeldDirectory> held(
      new HeldDirectory(directory, descriptor, found.st_dev, found.st_ino));
  if (!known) return OpenFailure(directory, error);
  do {
    error = flock(descriptor, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
  } while (error == EINTR);
  if (error != 0) return LockFailure(directory, error);
  TANDEM_RETURN_IF_ERROR(held->CheckInPlace());  // renamed since it was opened?
  return held;
}

HeldDirectory::~HeldDirectory() { close(descriptor_); }

Status HeldDirectory::CheckInPlace() const {
  struct stat found{};
  if (stat(path_.c_str(), &found) == 0) {
    if (found.st_dev == device_ && found.st_ino == inode_) return Status::Ok();
    return Status::IoError("another directory has taken the place of " + path_.string() +
                           " while the store in it was open");
  }
  const int error = errno;
  const std::string what = error == ENOENT || error == ENOTDIR
                               ? " was renamed or removed while the store in it was open: "
                               : " can't be reached any more while the store in it is open: ";
  return Status::IoError("the directory " + path_.string() + what +
                         std::generic_category().message(error));
}

}  // namespace tandem::internal
