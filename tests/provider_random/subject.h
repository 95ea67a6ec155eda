#pragma once

// A store that a script is played on: a provider that can be opened again, and crashed.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "tandem/base/manual_clock.h"
#include "tandem/batch/memory_provider.h"
#include "tandem/batch/rocksdb_provider.h"
#include "tandem/tests/support/temporary_directory.h"

namespace tandem::testing {

class Subject {
 public:
  virtual ~Subject() = default;
  virtual Provider& provider() = 0;
  // By that clock, which outlives it, from now on.
  virtual void Reopen(ManualClock& clock) = 0;
  // Drops what was not flushed, but for so many percent of it, and opens again.
  virtual void Crash(std::uint64_t percent) = 0;
};

using SubjectFactory = std::function<std::unique_ptr<Subject>(ManualClock& clock)>;

// Everything in memory is flushed at once, and a crash keeps all. `wrap` may put something around
// the provider.
class MemorySubject final : public Subject {
 public:
  using Wrap = std::function<std::unique_ptr<Provider>(std::unique_ptr<MemoryProvider>)>;

  explicit MemorySubject(ManualClock& clock, MemoryImage image = {}, Wrap wrap = nullptr);
  Provider& provider() override { return *provider_; }
  MemoryImage Image() const { return memory_->Image(); }
  void Reopen(ManualClock& clock) override {
    clock_ = &clock;
    Open(Image());
  }
  void Crash(std::uint64_t percent) override;

 private:
  void Open(MemoryImage image);

  ManualClock* clock_;
  const Wrap wrap_;
  std::unique_ptr<Provider> provider_;
  MemoryProvider* memory_ = nullptr;  // within provider_
};

// REQUIRES: file_faults.cc is part of the executable.
class RocksSubject final : public Subject {
 public:
  explicit RocksSubject(ManualClock& clock);
  Provider& provider() override { return *provider_; }
  void Reopen(ManualClock& clock) override;
  void Crash(std::uint64_t percent) override;

 private:
  void Open();

  ManualClock* clock_;
  const TemporaryDirectory parent_;
  int lives_ = 0;                               // each crash is followed by a new one
  std::filesystem::path directory_;             // of this life
  std::map<std::string, std::uint64_t> whole_;  // logs that this life began with: name -> bytes
  std::unique_ptr<RocksDbProvider> provider_;
};

}  // namespace tandem::testing
