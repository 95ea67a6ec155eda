#pragma once

// A Provider in memory for the tests of the runtime: one mutex, obvious code, nothing durable and
// nothing fast. It honours what the runtime relies on: expected versions, checks, leases with
// tokens, groups, keys, visibility by the clock, and waiting through it.

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "batch/provider.h"

namespace duroxide::testing {

class FakeProvider final : public tandem::Provider {
 public:
  // `clock` outlives the provider.
  explicit FakeProvider(tandem::Clock& clock) : clock_(clock) {}

  using Provider::AtomicBatch;
  tandem::Result<tandem::BatchResult> AtomicBatch(std::vector<tandem::Operation> operations,
                                                  const tandem::BatchOptions& options) override;
  tandem::Status Flush() override { return tandem::Status::Ok(); }
  tandem::Clock& clock() override { return clock_; }

  tandem::Result<tandem::EventPage> Read(const tandem::StreamId& stream,
                                         const tandem::ReadOptions& options) override;
  tandem::Result<std::optional<tandem::PartitionHead>> LatestPartition(
      std::string_view entity) override;
  tandem::Result<tandem::MetadataPage> ReadMetadata(
      const tandem::StreamId& stream, const tandem::MetadataOptions& options) override;
  tandem::Result<tandem::FeedPage> ReadAll(tandem::Position after,
                                           const tandem::FeedOptions& options) override;

  using MessageQueue::Dequeue;
  tandem::Result<std::vector<tandem::Delivery>> Dequeue(
      std::span<const std::string> queues, const tandem::DequeueOptions& options) override;
  tandem::Result<tandem::Timestamp> Renew(const tandem::LockToken& token,
                                          std::chrono::milliseconds duration) override;

 private:
  struct Message {
    std::string queue;
    std::string payload;
    std::string group;
    std::string key;
    tandem::Timestamp visible_at;
    tandem::Timestamp enqueued_at;
    std::uint32_t delivery_count = 0;
    std::string token;  // of the lease that covers it; empty = none
  };
  struct Lease {
    std::vector<tandem::MessageId> messages;
    std::pair<std::string, std::string> group;  // queue and group; no group = ungrouped
    tandem::Timestamp deadline;
  };
  struct Group {
    std::string token;               // of its lease; empty = none
    tandem::Timestamp hidden_until;  // after an abandon with a delay
  };
  using Messages = std::map<tandem::MessageId, Message>;

  // All REQUIRE mutex_.
  tandem::Status Check(const tandem::Operation& operation) const;
  tandem::OperationResult Apply(const tandem::Operation& operation);
  tandem::OperationResult ApplyEnqueue(const tandem::Enqueue& enqueue);
  tandem::OperationResult ApplyCancel(const tandem::CancelMessage& cancel);
  tandem::Status CheckToken(const tandem::LockToken& token) const;
  void EndLease(const std::string& token, bool count, tandem::Timestamp hidden_until);
  void Take(const std::string& token);  // by a newer lease
  void Remove(tandem::MessageId id);
  tandem::Timestamp EligibleAt(const Message& message) const;
  std::vector<tandem::Delivery> TakeReady(std::span<const std::string> queues,
                                          const tandem::DequeueOptions& options);
  tandem::Timestamp NextEligible(std::span<const std::string> queues) const;
  void NotifyAll();

  // Calls `attempt` (with mutex_) until it returns a value, or until `wait` is over or stop is
  // requested. `attempt` may lower the time at which it wants to be called again.
  void WaitFor(std::chrono::milliseconds wait, const std::stop_token& stop,
               const std::function<bool(tandem::Timestamp& again_at)>& attempt);

  tandem::Clock& clock_;
  std::mutex mutex_;

  // Guarded by mutex_.
  std::map<tandem::StreamId, std::vector<tandem::Event>> streams_;
  std::map<tandem::StreamId, std::map<std::string, std::string>> metadata_;
  Messages messages_;
  std::map<std::string, Lease> leases_;
  std::map<std::pair<std::string, std::string>, Group> groups_;
  std::map<std::pair<std::string, std::string>, tandem::MessageId> keys_;
  std::set<std::string> taken_;  // tokens that a newer lease has taken over from
  std::set<tandem::Signal*> waiters_;
  tandem::Position position_ = 0;
  tandem::MessageId last_id_ = 0;
  std::uint64_t last_token_ = 0;
};

}  // namespace duroxide::testing
