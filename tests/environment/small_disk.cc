#include "tandem/tests/environment/small_disk.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <vector>

#include "tandem/base/check.h"

namespace tandem::testing {

namespace {

std::string ErrnoText() { return std::generic_category().message(errno); }

}  // namespace

std::string EnterOwnMounts() {
  if (unshare(CLONE_NEWNS) != 0) return "unshare: " + ErrnoText();
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return "making the mounts private: " + ErrnoText();
  }
  const std::filesystem::path temporary = std::filesystem::temp_directory_path();
  if (mount("tmpfs", temporary.c_str(), "tmpfs", 0, "size=256m") != 0) {
    return "mounting a tmpfs: " + ErrnoText();
  }
  return "";
}

SmallDisk::SmallDisk(std::size_t bytes) {
  std::string name = std::filesystem::temp_directory_path() / "tandem-disk-XXXXXX";
  TANDEM_CHECK(mkdtemp(name.data()) != nullptr, "a temporary directory can be made");
  path_ = std::filesystem::canonical(name);
  const std::string options = "size=" + std::to_string(bytes);
  TANDEM_CHECK(mount("tmpfs", path_.c_str(), "tmpfs", 0, options.c_str()) == 0,
               "a tmpfs can be mounted");
}

SmallDisk::~SmallDisk() {
  umount2(path_.c_str(), MNT_DETACH);
  rmdir(path_.c_str());
}

std::size_t SmallDisk::FreePages() const {
  struct statvfs found{};
  TANDEM_CHECK(statvfs(path_.c_str(), &found) == 0, "the disk can be looked at");
  return found.f_bfree;
}

void SmallDisk::FillUpTo(std::size_t free_pages) const {
  RemoveFilling();
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::vector<char> bytes(page, 'x');
  const int file = open((path_ / "filling").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  TANDEM_CHECK(file >= 0, "the filling can be made");
  while (FreePages() > free_pages) {
    if (write(file, bytes.data(), page) != static_cast<ssize_t>(page)) break;
  }
  close(file);
}

void SmallDisk::RemoveFilling() const { unlink((path_ / "filling").c_str()); }

void SmallDisk::Grow(std::size_t bytes) const {
  const std::string options = "size=" + std::to_string(bytes);
  TANDEM_CHECK(mount("none", path_.c_str(), nullptr, MS_REMOUNT, options.c_str()) == 0,
               "a tmpfs can grow");
}

void SmallDisk::SetReadOnly(bool read_only) const {
  TANDEM_CHECK(
      mount("none", path_.c_str(), nullptr, MS_REMOUNT | (read_only ? MS_RDONLY : 0), nullptr) == 0,
      "a tmpfs can be mounted anew");
}

void BindMount(const std::filesystem::path& from, const std::filesystem::path& to) {
  TANDEM_CHECK(mount(from.c_str(), to.c_str(), nullptr, MS_BIND, nullptr) == 0,
               "a directory can be bound to another");
}

void Unmount(const std::filesystem::path& path) { umount2(path.c_str(), MNT_DETACH); }

}  // namespace tandem::testing
