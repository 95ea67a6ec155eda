#include "tandem/tests/provider_random/subject.h"

#include <algorithm>
#include <utility>

#include "tandem/base/check.h"
#include "tandem/tests/crash/file_faults.h"
#include "tandem/tests/crash/store_files.h"

namespace tandem::testing {

namespace fs = std::filesystem;

MemorySubject::MemorySubject(ManualClock& clock, MemoryImage image, Wrap wrap)
    : clock_(&clock), wrap_(std::move(wrap)) {
  Open(std::move(image));
}

void MemorySubject::Open(MemoryImage image) {
  MemoryOptions options;
  options.clock = clock_;
  options.image = std::move(image);
  auto memory = std::make_unique<MemoryProvider>(options);
  memory_ = memory.get();
  if (wrap_ != nullptr) {
    provider_ = wrap_(std::move(memory));
  } else {
    provider_ = std::move(memory);
  }
}

void MemorySubject::Crash(std::uint64_t /*percent*/) { Reopen(*clock_); }

RocksSubject::RocksSubject(ManualClock& clock)
    : clock_(&clock), directory_(fs::canonical(parent_.path()) / "0") {
  SkipSyncs(true);  // they are counted, and that is enough here
  Open();
}

void RocksSubject::Open() {
  RocksDbOptions options;
  options.mode = OpenMode::kCreateIfMissing;
  options.clock = clock_;
  auto opened = RocksDbProvider::Open(directory_, options);
  TANDEM_CHECK(opened.ok(), opened.status().ToString().c_str());
  provider_ = *std::move(opened);
}

void RocksSubject::Reopen(ManualClock& clock) {
  clock_ = &clock;
  provider_.reset();
  Open();
}

void RocksSubject::Crash(std::uint64_t percent) {
  const fs::path next = directory_.parent_path() / std::to_string(++lives_);
  std::map<std::string, std::uint64_t> durable;
  WithFilesFrozen([&] {
    CopyStore(directory_, next);
    durable = DurableSizes();
  });
  provider_.reset();
  for (const fs::path& file : FilesOf(next, ".log")) {
    const std::string name = file.filename();
    const std::uint64_t size = fs::file_size(file);
    const auto synced = durable.find(directory_ / name);
    const auto whole = whole_.find(name);
    std::uint64_t kept = synced == durable.end() ? 0 : synced->second;
    if (whole != whole_.end()) kept = std::max(kept, whole->second);
    kept = std::min(kept, size);
    fs::resize_file(file, kept + (size - kept) * percent / 100);
  }
  fs::remove_all(directory_);
  directory_ = next;
  whole_.clear();
  for (const fs::path& file : FilesOf(next, ".log")) whole_[file.filename()] = fs::file_size(file);
  Open();
}

}  // namespace tandem::testing
