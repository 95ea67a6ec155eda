#pragma once

// A small file system in memory, mounted for a test, and what fills it.

#include <cstddef>
#include <filesystem>
#include <string>

namespace tandem::testing {

// Gives this process a set of mounts of its own, which ends with it: whatever a test mounts, and
// leaves when it dies, nobody else sees. Empty if that works, else the reason why it does not.
std::string EnterOwnMounts();

// A tmpfs on a new directory. REQUIRES: EnterOwnMounts() worked.
class SmallDisk {
 public:
  explicit SmallDisk(std::size_t bytes);
  ~SmallDisk();
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  const std::filesystem::path& path() const { return path_; }

  std::size_t FreePages() const;
  // Writes one file until so many pages are left; replaces the last such file.
  void FillUpTo(std::size_t free_pages) const;
  void RemoveFilling() const;

  void Grow(std::size_t bytes) const;
  void SetReadOnly(bool read_only) const;

 private:
  std::filesystem::path path_;
};

// `from` can be reached at `to`, too.
void BindMount(const std::filesystem::path& from, const std::filesystem::path& to);
void Unmount(const std::filesystem::path& path);

}  // namespace tandem::testing
