#pragma once

// The Provider in memory: the contract in the most obvious code. It is the reference that other
// providers are checked against, and what tests of programs run on. One lock, plain maps, a copy of
// everything; nothing is durable and nothing is fast.

#include <chrono>
#include <memory>

#include "tandem/batch/provider.h"
#include "tandem/batch/provider_admin.h"

namespace tandem {

namespace internal {
struct MemoryState;
}

// A copy of all that a MemoryProvider holds. Cheap to pass on; a provider that starts from it does
// not change it.
class MemoryImage {
 public:
  MemoryImage() = default;  // an empty store

 private:
  friend class MemoryProvider;
  std::shared_ptr<const internal::MemoryState> state_;
};

struct MemoryOptions {
  Clock* clock = nullptr;  // null: a SystemClock of its own; else it outlives the provider
  Saturated<std::chrono::milliseconds> batch_id_retention = std::chrono::hours(24);
  MemoryImage image =
      {};  // what the store holds at the start: it is opened again, so no lease holds
};

class MemoryProvider final : public Provider {
 public:
  // Throws std::system_error if the system gives no thread.
  MemoryProvider() : MemoryProvider(MemoryOptions()) {}
  explicit MemoryProvider(const MemoryOptions& options);

  // Ends asynchronous calls that wait with Cancelled. REQUIRES: no blocking call is running, and it
  // is not called by a callback.
  ~MemoryProvider() override;

  // What a crash at this moment would leave of a store that was just flushed.
  MemoryImage Image() const;

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

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tandem
