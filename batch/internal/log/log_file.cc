#include "tandem/batch/internal/log/log_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace tandem::internal {

namespace {

Status FileError(const char* what, const std::filesystem::path& path, int error) {
  return Status::IoError(std::string("can't ") + what + ' ' + path.string() + ": " +
                         std::generic_category().message(error));
}

}  // namespace

Result<std::string> ReadWhole(const std::filesystem::path& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return FileError("read", path, errno);
  std::string bytes;
  struct stat found{};
  bool whole = fstat(fd, &found) == 0;
  if (whole) bytes.resize(static_cast<std::size_t>(found.st_size));
  std::size_t size = 0;
  while (whole && size < bytes.size()) {
    const ssize_t read_now = read(fd, bytes.data() + size, bytes.size() - size);
    if (read_now == 0) break;  // it was cut meanwhile
    whole = read_now > 0 || errno == EINTR;
    if (read_now > 0) size += static_cast<std::size_t>(read_now);
  }
  const int error = errno;
  (void)close(fd);
  if (!whole) return FileError("read", path, error);
  bytes.resize(size);
  return bytes;
}

Status CutFile(const std::filesystem::path& path, std::size_t size) {
  const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return FileError("cut", path, errno);
  const bool cut = ftruncate(fd, static_cast<off_t>(size)) == 0 && fdatasync(fd) == 0;
  const int error = errno;
  (void)close(fd);
  return cut ? Status::Ok() : FileError("cut", path, error);
}

Status Damaged(std::string_view name, std::size_t offset, const std::string& what) {
  return Status::Corruption(std::string(name) + " at byte " + std::to_string(offset), what);
}

}  // namespace tandem::internal
