// A provider of somebody else, from public headers alone: around the one in memory, it refuses what
// every provider refuses, by itself, and keeps a journal of what went through it. The conformance
// suite runs on it.

#include <gtest/gtest.h>

#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <tandem/batch/batch_digest.h>
#include <tandem/batch/batch_limits.h>
#include <tandem/batch/memory_provider.h>
#include <tandem/batch/provider.h>
#include <tandem/eventstore/event_limits.h>
#include <tandem/messagequeue/lock_token.h>
#include <tandem/messagequeue/queue_limits.h>
#include <tandem/tests/provider_conformance/conformance.h>

namespace {

using tandem::Result;
using tandem::Status;

class JournalingProvider final : public tandem::Provider {
 public:
  explicit JournalingProvider(const tandem::MemoryOptions& options) : store_(options) {}

  using Provider::AtomicBatch;
  Result<tandem::BatchResult> AtomicBatch(tandem::Batch operations,
                                          const tandem::BatchOptions& options) override {
    if (Status valid = tandem::ValidateBatch(operations, options); !valid.ok()) return valid;
    std::string digest = tandem::BatchDigest(operations);
    auto result = store_.AtomicBatch(std::move(operations), options);
    if (result.ok()) Note(std::move(digest));
    return result;
  }
  void AtomicBatchAsync(tandem::Batch operations, const tandem::BatchOptions& options,
                        tandem::BatchCallback callback) override {
    store_.AtomicBatchAsync(std::move(operations), options, std::move(callback));
  }
  Status Flush() override { return store_.Flush(); }
  tandem::Clock& clock() override { return store_.clock(); }
  tandem::ProviderAdmin* admin() override { return store_.admin(); }

  Result<tandem::EventPage> Read(const tandem::StreamId& stream,
                                 const tandem::ReadOptions& options) override {
    if (Status valid = tandem::ValidateRead(stream, options); !valid.ok()) return valid;
    return store_.Read(stream, options);
  }
  void ReadAsync(const tandem::StreamId& stream, const tandem::ReadOptions& options,
                 tandem::ReadCallback callback) override {
    store_.ReadAsync(stream, options, std::move(callback));
  }
  Result<std::optional<tandem::PartitionHead>> LatestPartition(std::string_view entity) override {
    return store_.LatestPartition(entity);
  }
  Result<tandem::MetadataPage> ReadMetadata(const tandem::StreamId& stream,
                                            const tandem::MetadataOptions& options) override {
    return store_.ReadMetadata(stream, options);
  }
  Result<tandem::FeedPage> ReadAll(tandem::Position after,
                                   const tandem::FeedOptions& options) override {
    return store_.ReadAll(after, options);
  }

  using MessageQueue::Dequeue;
  Result<std::vector<tandem::Delivery>> Dequeue(std::span<const std::string> queues,
                                                const tandem::DequeueOptions& options) override {
    if (Status valid = tandem::ValidateDequeue(queues, options); !valid.ok()) return valid;
    auto taken = store_.Dequeue(queues, options);
    if (taken.ok()) {
      for (const tandem::Delivery& delivery : *taken) {
        const auto token = tandem::DecodeToken(delivery.lock_token);
        Note(token.has_value() ? token->item.queue : "no token of the common form");
      }
    }
    return taken;
  }
  void DequeueAsync(std::vector<std::string> queues, const tandem::DequeueOptions& options,
                    tandem::DequeueCallback callback) override {
    store_.DequeueAsync(std::move(queues), options, std::move(callback));
  }
  Result<tandem::Timestamp> Renew(const tandem::LockToken& token,
                                  tandem::Saturated<std::chrono::milliseconds> duration) override {
    return store_.Renew(token, duration);
  }

  static std::size_t noted() {
    const std::lock_guard lock(mutex_);
    return journal_.size();
  }

 private:
  static void Note(std::string what) {
    const std::lock_guard lock(mutex_);
    journal_.insert(std::move(what));
  }

  tandem::MemoryProvider store_;
  static inline std::mutex mutex_;
  static inline std::set<std::string> journal_;  // of all of them
};

}  // namespace

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  tandem::conformance::ProviderKind kind;
  kind.name = "Journaling";
  kind.open = [](tandem::Clock& clock, const auto& /*directory*/) {
    tandem::MemoryOptions options;
    options.clock = &clock;
    return std::make_unique<JournalingProvider>(options);
  };
  kind.missing = {tandem::conformance::Part::kReopen, tandem::conformance::Part::kCheckpoint};
  tandem::conformance::RegisterCases(kind);
  const int failed = RUN_ALL_TESTS();
  std::cout << (JournalingProvider::noted() > 100 ? "noted" : "noted too little") << std::endl;
  return failed;
}
