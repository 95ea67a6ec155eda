#pragma once

// A provider with one fault, around one without: what a random sequence must find.

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "tandem/batch/memory_provider.h"

namespace tandem::testing {

enum class Fault {
  kForgetsKeys,          // a message does not hold its key
  kDeliversGroupsTwice,  // a group's lease does not hold
  kIgnoresExpectations,  // an append is never a conflict
  kDropsErasures,        // metadata is never erased
  kCountsNothing,        // an abandoned delivery is always taken back
};

class BrokenProvider final : public Provider {
 public:
  BrokenProvider(std::unique_ptr<MemoryProvider> sound, Fault fault)
      : sound_(std::move(sound)), fault_(fault) {}

  Result<BatchResult> AtomicBatch(Batch batch, const BatchOptions& options) override {
    std::vector<Operation> operations = std::move(batch).Take();
    for (Operation& operation : operations) Break(operation);
    return sound_->AtomicBatch(Batch(std::move(operations)), options);
  }
  Status Flush() override { return sound_->Flush(); }
  Clock& clock() override { return sound_->clock(); }
  ProviderAdmin* admin() override { return sound_->admin(); }

  Result<EventPage> Read(const StreamId& stream, const ReadOptions& options) override {
    return sound_->Read(stream, options);
  }
  Result<std::optional<PartitionHead>> LatestPartition(std::string_view entity) override {
    return sound_->LatestPartition(entity);
  }
  Result<MetadataPage> ReadMetadata(const StreamId& stream,
                                    const MetadataOptions& options) override {
    return sound_->ReadMetadata(stream, options);
  }
  Result<FeedPage> ReadAll(Position after, const FeedOptions& options) override {
    return sound_->ReadAll(after, options);
  }
  Result<std::vector<Delivery>> Dequeue(std::span<const std::string> queues,
                                        const DequeueOptions& options) override {
    auto deliveries = sound_->Dequeue(queues, options);
    const bool grouped =
        deliveries.ok() && !deliveries->empty() && !deliveries->front().group.empty();
    if (fault_ == Fault::kDeliversGroupsTwice && grouped) {
      TANDEM_RETURN_IF_ERROR(sound_->Abandon(deliveries->front().lock_token));
    }
    return deliveries;
  }
  Result<Timestamp> Renew(const LockToken& token,
                          Saturated<std::chrono::milliseconds> duration) override {
    return sound_->Renew(token, duration);
  }

 private:
  void Break(Operation& operation) const {
    if (auto* enqueue = std::get_if<tandem::Enqueue>(&operation)) {
      if (fault_ == Fault::kForgetsKeys) enqueue->options.key.clear();
    } else if (auto* append = std::get_if<AppendEvents>(&operation)) {
      if (fault_ == Fault::kIgnoresExpectations) append->expected = Expected::Any();
    } else if (auto* update = std::get_if<UpdateMetadata>(&operation)) {
      if (fault_ == Fault::kDropsErasures) update->erase.clear();
    } else if (auto* abandon = std::get_if<AbandonMessages>(&operation)) {
      if (fault_ == Fault::kCountsNothing) abandon->count = false;
    }
  }

  const std::unique_ptr<MemoryProvider> sound_;
  const Fault fault_;
};

}  // namespace tandem::testing
