#pragma once

// The store as one simulated process sees it: commits may be the last thing that the process does,
// and a process that is dead reaches nothing any more.

#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "tandem/batch/provider.h"
#include "tandem/duroxide_runtime/status.h"
#include "tandem/duroxide_runtime/testing/internal/event_times.h"

namespace duroxide::testing {

enum class CommitFate {
  kApplied,
  kDiesBefore,  // nothing is applied
  kDiesAfter,   // applied, but nobody is told
};

// What happens to the commits of a process; null: nothing.
struct CommitFaults {
  std::function<CommitFate()> fate;                             // asked at each
  std::function<void(std::vector<tandem::Operation>&)> tamper;  // changes each
};

class SimulatedProvider final : public tandem::Provider {
 public:
  // Both outlive the provider.
  SimulatedProvider(tandem::Provider& target, EventTimes& times, CommitFaults faults)
      : target_(target), times_(times), faults_(std::move(faults)) {}

  bool dead() const { return stop_.stop_requested(); }
  void Die() { stop_.request_stop(); }
  // Requested when it dies.
  std::stop_token stop_token() const { return stop_.get_token(); }

  using Provider::AtomicBatch;
  Result<tandem::BatchResult> AtomicBatch(tandem::Batch batch,
                                          const tandem::BatchOptions& options) override;
  Status Flush() override;
  tandem::Clock& clock() override { return target_.clock(); }

  Result<tandem::EventPage> Read(const tandem::StreamId& stream,
                                 const tandem::ReadOptions& options) override;
  Result<std::optional<tandem::PartitionHead>> LatestPartition(std::string_view entity) override;
  Result<tandem::MetadataPage> ReadMetadata(const tandem::StreamId& stream,
                                            const tandem::MetadataOptions& options) override;
  Result<tandem::FeedPage> ReadAll(tandem::Position after,
                                   const tandem::FeedOptions& options) override;

  using MessageQueue::Dequeue;
  Result<std::vector<tandem::Delivery>> Dequeue(std::span<const std::string> queues,
                                                const tandem::DequeueOptions& options) override;
  Result<tandem::Timestamp> Renew(const tandem::LockToken& token,
                                  tandem::Saturated<std::chrono::milliseconds> duration) override;

 private:
  Status Alive() const;

  tandem::Provider& target_;
  EventTimes& times_;
  const CommitFaults faults_;
  std::stop_source stop_;
};

}  // namespace duroxide::testing
