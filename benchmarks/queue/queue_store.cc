#include "tandem/benchmarks/queue/queue_store.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include "tandem/base/key_encoding.h"
#include "tandem/base/rocks/rocks_status.h"
#include "tandem/benchmarks/frame/payload.h"

namespace tandem::benchmarks {

namespace {

constexpr std::uint64_t kMessagesPerBatch = 1000;
const std::string kDeliveryCount(8, 'd');

std::string RawMessageKey(std::uint64_t id) {
  return KeyWriter('R').Escaped(kQueueName).U64(id).Take();
}
std::string RawDeliveredKey(std::uint64_t id) {
  return KeyWriter('D').Escaped(kQueueName).U64(id).Take();
}

// Calls step(n) with n up to a batch's size until `messages` are done.
template <typename Step>
void InBatches(std::uint64_t messages, const Step& step) {
  for (std::uint64_t left = messages; left > 0;) {
    const std::uint64_t count = std::min(left, kMessagesPerBatch);
    step(count);
    left -= count;
  }
}

}  // namespace

void TandemQueue::Add() {
  EnqueueOptions options;
  options.durability = Durability::kBuffered;
  Must(store_->Enqueue(kQueueName, std::string(Payload(added_++)), options).status());
}

void TandemQueue::Take() {
  auto deliveries = Must(store_->Dequeue(kQueueName));
  if (deliveries.empty()) Must(Status::Internal("a message is waiting, but none was delivered"));
  taken_ = std::move(deliveries.front().lock_token);
}

void TandemQueue::Remove() {
  Batch operations;
  operations.Add(DeleteMessages{std::move(taken_)});
  Must(store_->AtomicBatch(std::move(operations), Buffered()).status());
}

void TandemQueue::Fill(std::uint64_t messages) {
  InBatches(messages, [this](std::uint64_t count) {
    Batch operations;
    for (std::uint64_t i = 0; i < count; ++i) {
      operations.Add(Enqueue{kQueueName, std::string(Payload(added_++)), {}});
    }
    Must(store_->AtomicBatch(std::move(operations), Buffered()).status());
  });
}

void TandemQueue::Pass(std::uint64_t messages) {
  InBatches(messages, [this](std::uint64_t count) {
    Fill(count);
    DequeueOptions options;
    options.max_messages = count;
    for (std::uint64_t left = count; left > 0; options.max_messages = left) {
      auto deliveries = Must(store_->Dequeue(kQueueName, options));
      left -= deliveries.size();
      Batch operations;
      for (Delivery& delivery : deliveries) {
        operations.Add(DeleteMessages{std::move(delivery.lock_token)});
      }
      Must(store_->AtomicBatch(std::move(operations), Buffered()).status());
    }
  });
}

void RawQueue::Add() { Fill(1); }

void RawQueue::Take() {
  rocksdb::PinnableSlice message;
  Must(FromRocks(
      store_.db().Get(rocksdb::ReadOptions(), store_.messages(), RawMessageKey(first_), &message),
      "raw read"));
  rocksdb::WriteBatch lease;
  lease.Put(store_.messages(), RawDeliveredKey(first_), kDeliveryCount);
  store_.Write(lease, Durability::kBuffered);
}

void RawQueue::Remove() {
  rocksdb::WriteBatch batch;
  batch.Delete(store_.messages(), RawMessageKey(first_));
  batch.Delete(store_.messages(), RawDeliveredKey(first_));
  store_.Write(batch, Durability::kBuffered);
  ++first_;
}

void RawQueue::Fill(std::uint64_t messages) {
  InBatches(messages, [this](std::uint64_t count) {
    rocksdb::WriteBatch batch;
    for (std::uint64_t i = 0; i < count; ++i, ++next_) {
      batch.Put(store_.messages(), RawMessageKey(next_), ToSlice(Payload(next_)));
    }
    store_.Write(batch, Durability::kBuffered);
  });
}

void RawQueue::Pass(std::uint64_t messages) {
  InBatches(messages, [this](std::uint64_t count) {
    Fill(count);
    rocksdb::WriteBatch leases;
    rocksdb::WriteBatch removals;
    for (std::uint64_t i = 0; i < count; ++i, ++first_) {
      leases.Put(store_.messages(), RawDeliveredKey(first_), kDeliveryCount);
      removals.Delete(store_.messages(), RawMessageKey(first_));
      removals.Delete(store_.messages(), RawDeliveredKey(first_));
    }
    store_.Write(leases, Durability::kBuffered);
    store_.Write(removals, Durability::kBuffered);
  });
}

}  // namespace tandem::benchmarks
