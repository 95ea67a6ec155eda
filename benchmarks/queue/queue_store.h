#pragma once

// A queue of messages (payload.h) in a store of its own, used by one thread, everything buffered:
// once as Tandem's, once as the raw RocksDB writes that it comes down to. The raw one knows the key
// of its oldest message beforehand, so that it never searches: it is the floor.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "tandem/benchmarks/frame/stores.h"

namespace tandem::benchmarks {

inline const std::string kQueueName = "work";

class QueueStore {
 public:
  virtual ~QueueStore() = default;

  // One message. REQUIRES: there is one; and what is removed is what was taken last.
  virtual void Add() = 0;
  virtual void Take() = 0;
  virtual void Remove() = 0;

  // In large batches.
  virtual void Fill(std::uint64_t messages) = 0;
  virtual void Pass(std::uint64_t messages) = 0;  // added, taken and removed
};

class TandemQueue final : public QueueStore {
 public:
  explicit TandemQueue(const std::filesystem::path& directory) : store_(OpenTandem(directory)) {}

  void Add() override;
  void Take() override;
  void Remove() override;
  void Fill(std::uint64_t messages) override;
  void Pass(std::uint64_t messages) override;

 private:
  std::unique_ptr<RocksDbProvider> store_;
  std::uint64_t added_ = 0;
  LockToken taken_;
};

class RawQueue final : public QueueStore {
 public:
  explicit RawQueue(const std::filesystem::path& directory) : store_(directory) {}

  void Add() override;
  void Take() override;
  void Remove() override;
  void Fill(std::uint64_t messages) override;
  void Pass(std::uint64_t messages) override;

 private:
  RawStore store_;
  std::uint64_t first_ = 0;  // the oldest message
  std::uint64_t next_ = 0;   // the next to be added
};

}  // namespace tandem::benchmarks
