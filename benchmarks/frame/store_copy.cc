#include "tandem/benchmarks/frame/store_copy.h"

#include <fcntl.h>
#include <unistd.h>

namespace tandem::benchmarks {

namespace fs = std::filesystem;

void CopyStore(const fs::path& from, const fs::path& to) {
  for (const auto& entry : fs::directory_iterator(from)) {
    const fs::path target = to / entry.path().filename();
    if (entry.path().extension() == ".sst") {
      fs::create_hard_link(entry.path(), target);
    } else {
      fs::copy_file(entry.path(), target);
    }
  }
}

std::uint64_t LogBytes(const fs::path& directory) {
  std::uint64_t bytes = 0;
  for (const auto& entry : fs::directory_iterator(directory)) {
    // The file may vanish meanwhile: RocksDB deletes old logs in the background.
    std::error_code error;
    const std::uint64_t size = entry.path().extension() == ".log" ? entry.file_size(error) : 0;
    if (!error) bytes += size;
  }
  return bytes;
}

void DropFromPageCache(const fs::path& directory) {
  for (const auto& entry : fs::directory_iterator(directory)) {
    const int file = open(entry.path().c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) continue;
    fdatasync(file);  // only what is on the device can be dropped
    posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    close(file);
  }
}

}  // namespace tandem::benchmarks
