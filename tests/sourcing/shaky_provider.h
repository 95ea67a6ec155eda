#pragma once

// A store that is somebody else's, some of whose calls fail: before they are done, or after it,
// when only their answer is lost.

#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tandem/base/manual_clock.h"
#include "tandem/batch/provider.h"

namespace sourcing::testing {

class ShakyProvider final : public tandem::Provider {
 public:
  explicit ShakyProvider(tandem::Provider& store) : store_(store) {}

  // Its own clock, on which nobody waits but who uses it: the store waits on another.
  tandem::ManualClock time;
  // Asked before and after each batch, and before each renewal and dequeue. Set before use.
  std::function<tandem::Status(bool done)> batch;
  std::function<tandem::Status()> renew;
  std::function<tandem::Status()> dequeue;

  tandem::Result<tandem::BatchResult> AtomicBatch(tandem::Batch operations,
                                                  const tandem::BatchOptions& options) override {
    if (batch) TANDEM_RETURN_IF_ERROR(batch(false));
    auto result = store_.AtomicBatch(std::move(operations), options);
    if (batch) TANDEM_RETURN_IF_ERROR(batch(true));
    return result;
  }
  tandem::Status Flush() override { return store_.Flush(); }
  tandem::Clock& clock() override { return time; }
  tandem::Result<tandem::EventPage> Read(const tandem::StreamId& stream,
                                         const tandem::ReadOptions& options) override {
    return store_.Read(stream, options);
  }
  tandem::Result<std::optional<tandem::PartitionHead>> LatestPartition(
      std::string_view entity) override {
    return store_.LatestPartition(entity);
  }
  tandem::Result<tandem::MetadataPage> ReadMetadata(
      const tandem::StreamId& stream, const tandem::MetadataOptions& options) override {
    return store_.ReadMetadata(stream, options);
  }
  tandem::Result<tandem::FeedPage> ReadAll(tandem::Position after,
                                           const tandem::FeedOptions& options) override {
    return store_.ReadAll(after, options);
  }
  using MessageQueue::Dequeue;
  tandem::Result<std::vector<tandem::Delivery>> Dequeue(
      std::span<const std::string> queues, const tandem::DequeueOptions& options) override {
    if (dequeue) TANDEM_RETURN_IF_ERROR(dequeue());
    return store_.Dequeue(queues, options);
  }
  tandem::Result<tandem::Timestamp> Renew(
      const tandem::LockToken& token,
      tandem::Saturated<std::chrono::milliseconds> duration) override {
    if (renew) TANDEM_RETURN_IF_ERROR(renew());
    return store_.Renew(token, duration);
  }

 private:
  tandem::Provider& store_;
};

}  // namespace sourcing::testing
