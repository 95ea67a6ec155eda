#pragma once

// The Provider on RocksDB: one directory, one process, one write-ahead log.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tandem/batch/provider.h"
#include "tandem/batch/rocksdb_options.h"

namespace tandem {

// Counts since open.
struct RocksDbStats {
  std::uint64_t batches = 0;     // AtomicBatch calls judged, also those with a failed precondition
  std::uint64_t groups = 0;      // rocksdb::WriteBatches written
  std::uint64_t flushes = 0;     // of the write-ahead log, counted by us
  std::uint64_t wal_synced = 0;  // the same by RocksDB's own ticker WAL_FILE_SYNCED
  std::uint64_t wal_bytes = 0;   // written to the write-ahead log
};

// Where it lives: in main, or in an object of main's, so that it is closed before main returns:
//
//   int main() {
//     auto store = tandem::RocksDbProvider::Open("/var/lib/shop/store");
//     ...
//   }
//
// RocksDB keeps objects of its own, which end with the process. A provider that lives longer, at
// namespace scope for instance, is left as it is then, as if the process had been killed: nothing
// that was acknowledged as flushed is lost, but waiting calls are not called back.
//
// fork() before the first store is opened, or call exec after it: Open in a child of a process that
// had opened a store is Unavailable. When such a child calls exit(), it ends where it would wait
// for RocksDB's threads; what was registered with atexit() before the first Open does not run in
// it.
class RocksDbProvider final : public Provider {
 public:
  // Opens the store in a directory, or makes one there if that is asked for. The path is resolved
  // now: later changes of the working directory don't matter. The directory is held until the
  // provider is destroyed, whatever the spelling of its path; a child made by fork() that has not
  // called exec holds it too. If it is renamed or removed meanwhile, the store stops with IoError.
  //
  // Errors: InvalidArgument (the path is empty, or no directory, or a directory of something else),
  // NotFound (nothing there, and kOpenExisting), Unavailable (it is open already, here or in
  // another process, or the system gives no thread or memory), Unsupported (written by a newer
  // version), Corruption, NoSpace, IoError.
  static Result<std::unique_ptr<RocksDbProvider>> Open(const std::filesystem::path& directory,
                                                       const RocksDbOptions& options);
  static Result<std::unique_ptr<RocksDbProvider>> Open(const std::filesystem::path& directory,
                                                       OpenMode mode = OpenMode::kOpenExisting) {
    RocksDbOptions options;
    options.mode = mode;
    return Open(directory, options);
  }

  // Asynchronous batches are still applied; asynchronous reads and dequeues that wait are
  // Cancelled. REQUIRES: no blocking call is running any more; end waiting ones through their stop
  // token. Not called by a callback.
  ~RocksDbProvider() override;

  using Provider::AtomicBatch;
  Result<BatchResult> AtomicBatch(Batch batch, const BatchOptions& options) override;
  void AtomicBatchAsync(Batch batch, const BatchOptions& options, BatchCallback callback) override;
  Status Flush() override;
  Clock& clock() override;
  ProviderAdmin* admin() override;

  Result<EventPage> Read(const StreamId& stream, const ReadOptions& options) override;
  void ReadAsync(const StreamId& stream, const ReadOptions& options,
                 ReadCallback callback) override;
  Result<std::optional<PartitionHead>> LatestPartition(std::string_view entity) override;
  Result<MetadataPage> ReadMetadata(const StreamId& stream,
                                    const MetadataOptions& options) override;
  Result<FeedPage> ReadAll(Position after, const FeedOptions& options) override;

  using MessageQueue::Dequeue;
  Result<std::vector<Delivery>> Dequeue(std::span<const std::string> queues,
                                        const DequeueOptions& options) override;
  void DequeueAsync(std::vector<std::string> queues, const DequeueOptions& options,
                    DequeueCallback callback) override;
  Result<Timestamp> Renew(const LockToken& token,
                          Saturated<std::chrono::milliseconds> duration) override;

  RocksDbStats Stats() const;

 private:
  struct Impl;
  explicit RocksDbProvider(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tandem
