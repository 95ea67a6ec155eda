#pragma once

// A provider around another that counts calls and lets some of them fail. Thread-safe.

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tandem/base/guarded.h"
#include "tandem/batch/provider.h"

namespace duroxide::testing {

using tandem::Result;
using tandem::Status;

// How many calls of a kind there were; a number that can be waited for. Thread-safe.
class CallCount {
 public:
  operator std::uint64_t() const { return count_; }  // NOLINT(google-explicit-constructor)

  // Blocks until there were so many.
  void Await(std::uint64_t calls) const {
    for (std::uint64_t seen = count_; seen < calls; seen = count_) count_.wait(seen);
  }
  void Add() {
    count_ += 1;
    count_.notify_all();
  }

 private:
  std::atomic<std::uint64_t> count_ = 0;
};

class ProbeProvider final : public tandem::Provider {
 public:
  using Operations = tandem::Batch;
  // Asked before each call of a kind; an error is returned to the caller, and nothing is done.
  template <typename... Args>
  using Probe = std::function<Status(const Args&...)>;

  explicit ProbeProvider(std::unique_ptr<tandem::Provider> target) : target_(std::move(target)) {}

  tandem::Provider& target() { return *target_; }

  // From now on as one that has no asynchronous batches.
  void DisableAsync() { without_async_ = true; }

  void OnBatch(Probe<Operations> probe) { probes_.Lock()->batch = std::move(probe); }
  // Called after each batch whose caller waits, before that goes on.
  void AfterBatch(std::function<void(const Operations&)> after) {
    probes_.Lock()->after_batch = std::move(after);
  }
  void OnDequeue(Probe<> probe) { probes_.Lock()->dequeue = std::move(probe); }
  void OnRead(Probe<tandem::StreamId> probe) { probes_.Lock()->read = std::move(probe); }
  void OnMetadata(Probe<tandem::StreamId> probe) { probes_.Lock()->metadata = std::move(probe); }
  void OnRenew(Probe<> probe) { probes_.Lock()->renew = std::move(probe); }

  const CallCount& batches() const { return batches_; }              // that succeeded
  const CallCount& async_batches() const { return async_batches_; }  // begun, or held back
  const CallCount& dequeues() const { return dequeues_; }            // calls
  const CallCount& renewals() const { return renewals_; }            // that succeeded
  const CallCount& reads() const { return reads_; }  // calls that read events or metadata
  const CallCount& event_reads() const { return event_reads_; }  // calls that read events
  const CallCount& ends() const { return ends_; }                // of batches, Dequeue and Renew

  using Provider::AtomicBatch;
  Result<tandem::BatchResult> AtomicBatch(Operations operations,
                                          const tandem::BatchOptions& options) override {
    const auto probe = probes_.Lock()->batch;
    if (probe) TANDEM_RETURN_IF_ERROR(probe(operations));
    const auto after = probes_.Lock()->after_batch;
    const Operations done = after ? operations : Operations();
    auto result = target_->AtomicBatch(std::move(operations), options);
    if (result.ok()) batches_.Add();
    ends_.Add();
    if (after) after(done);
    return result;
  }
  void AtomicBatchAsync(Operations operations, const tandem::BatchOptions& options,
                        tandem::BatchCallback callback) override {
    if (without_async_) {
      return Provider::AtomicBatchAsync(std::move(operations), options, std::move(callback));
    }
    async_batches_.Add();
    if (const auto held = held_.Lock(); held->has_value()) {
      return (*held)->push_back(
          [this, operations = std::move(operations), options, callback = std::move(callback)] {
            BeginAsync(operations, options, callback);
          });
    }
    BeginAsync(std::move(operations), options, std::move(callback));
  }
  // Asynchronous batches are not begun until they are released.
  void HoldAsync() { held_.Lock()->emplace(); }
  void ReleaseAsync() {
    const auto begin = std::exchange(*held_.Lock(), std::nullopt);
    for (const auto& each : *begin) each();
  }
  void BeginAsync(Operations operations, const tandem::BatchOptions& options,
                  tandem::BatchCallback callback) {
    const auto probe = probes_.Lock()->batch;
    const Status status = probe ? probe(operations) : Status::Ok();
    if (!status.ok()) return callback(status);
    target_->AtomicBatchAsync(std::move(operations), options,
                              [this, callback = std::move(callback)](auto result) {
                                if (result.ok()) batches_.Add();
                                ends_.Add();
                                callback(std::move(result));
                              });
  }
  Status Flush() override { return target_->Flush(); }
  tandem::Clock& clock() override { return target_->clock(); }

  Result<tandem::EventPage> Read(const tandem::StreamId& stream,
                                 const tandem::ReadOptions& options) override {
    reads_.Add();
    event_reads_.Add();
    const auto probe = probes_.Lock()->read;
    if (probe) TANDEM_RETURN_IF_ERROR(probe(stream));
    return target_->Read(stream, options);
  }
  Result<std::optional<tandem::PartitionHead>> LatestPartition(std::string_view entity) override {
    reads_.Add();
    return target_->LatestPartition(entity);
  }
  Result<tandem::MetadataPage> ReadMetadata(const tandem::StreamId& stream,
                                            const tandem::MetadataOptions& options) override {
    reads_.Add();
    const auto probe = probes_.Lock()->metadata;
    if (probe) TANDEM_RETURN_IF_ERROR(probe(stream));
    return target_->ReadMetadata(stream, options);
  }
  Result<tandem::FeedPage> ReadAll(tandem::Position after,
                                   const tandem::FeedOptions& options) override {
    return target_->ReadAll(after, options);
  }

  using MessageQueue::Dequeue;
  Result<std::vector<tandem::Delivery>> Dequeue(std::span<const std::string> queues,
                                                const tandem::DequeueOptions& options) override {
    dequeues_.Add();
    const auto probe = probes_.Lock()->dequeue;
    if (probe) TANDEM_RETURN_IF_ERROR(probe());
    auto result = target_->Dequeue(queues, options);
    ends_.Add();
    return result;
  }
  Result<tandem::Timestamp> Renew(const tandem::LockToken& token,
                                  tandem::Saturated<std::chrono::milliseconds> duration) override {
    const auto probe = probes_.Lock()->renew;
    if (probe) TANDEM_RETURN_IF_ERROR(probe());
    auto result = target_->Renew(token, duration);
    if (result.ok()) renewals_.Add();
    ends_.Add();
    return result;
  }

 private:
  struct Probes {
    Probe<Operations> batch;
    std::function<void(const Operations&)> after_batch;
    Probe<> dequeue;
    Probe<tandem::StreamId> read;
    Probe<tandem::StreamId> metadata;
    Probe<> renew;
  };
  const std::unique_ptr<tandem::Provider> target_;
  tandem::Guarded<Probes> probes_;
  tandem::Guarded<std::optional<std::vector<std::function<void()>>>> held_;
  std::atomic<bool> without_async_ = false;
  CallCount batches_;
  CallCount async_batches_;
  CallCount reads_;
  CallCount dequeues_;
  CallCount renewals_;
  CallCount event_reads_;
  CallCount ends_;
};

// True when the batch has an operation of that kind.
template <typename Kind>
bool Has(const ProbeProvider::Operations& operations) {
  for (const tandem::Operation& operation : operations) {
    if (std::holds_alternative<Kind>(operation)) return true;
  }
  return false;
}

}  // namespace duroxide::testing
