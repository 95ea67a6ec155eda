#include "batch/internal/log_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <system_error>

namespace tandem::internal {

namespace {

Status FileError(const char* what, const std::filesystem::path& path, int error) {
  return Status::IoError(std::string("can't ") + what + ' ' + path.string() + ": " +
                         std::generic_category().message(error));
}

}  // namespace

Result<std::string> ReadWhole(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::error_code error;
  std::string bytes;
  if (file) {
    bytes.resize(std::filesystem::file_size(path, error));
    file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  if (error) return FileError("read", path, error.value());
  if (!file) return FileError("read", path, errno);
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
