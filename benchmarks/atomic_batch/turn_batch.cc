#include "tandem/benchmarks/atomic_batch/turn_batch.h"

#include <rocksdb/write_batch.h>

#include <utility>

#include "tandem/base/key_encoding.h"

namespace tandem::benchmarks {

namespace {

constexpr int kEvents = 3;
const std::string kEvent(200, 'e');
const std::string kMessage(200, 'm');
const std::string kMetadata(100, 'd');
const std::string kQueue = "work";

// Leases the messages that the workers will acknowledge; each batch enqueues a further one.
std::vector<LockToken> LeaseMessages(RocksDbProvider& store, int count) {
  constexpr int kBatch = 1000;
  Batch enqueues;
  for (int i = 0; i < count; ++i) {
    enqueues.Add(Enqueue{kQueue, kMessage, {}});
    if (enqueues.size() < kBatch && i + 1 < count) continue;
    Must(store.AtomicBatch(std::exchange(enqueues, {}), Buffered()).status());
  }
  std::vector<LockToken> tokens;
  DequeueOptions options;
  options.lease = std::chrono::hours(1);
  options.max_messages = kBatch;
  while (tokens.size() < static_cast<std::size_t>(count)) {
    auto deliveries = store.Dequeue(kQueue, options);
    Must(deliveries.status());
    for (Delivery& delivery : *deliveries) tokens.push_back(std::move(delivery.lock_token));
  }
  return tokens;
}

}  // namespace

TandemTurns::TandemTurns(const std::filesystem::path& directory, int workers, int batches)
    : store_(OpenTandem(directory)) {
  std::vector<LockToken> tokens = LeaseMessages(*store_, workers * batches);
  for (int i = 0; i < workers; ++i) {
    Worker worker;
    worker.stream = StreamId{"instance-" + std::to_string(i), 1};
    worker.leased.assign(tokens.end() - batches, tokens.end());
    tokens.resize(tokens.size() - batches);
    workers_.push_back(std::move(worker));
  }
}

void TandemTurns::Commit(int worker, Durability durability) {
  Worker& self = workers_[worker];
  Batch operations;
  operations.Add(DeleteMessages{std::move(self.leased.back())});
  operations.Add(AppendEvents{self.stream, std::vector<std::string>(kEvents, kEvent),
                              Expected::Exactly(self.version)});
  operations.Add(UpdateMetadata{self.stream, {{"status", kMetadata}}, {}});
  operations.Add(Enqueue{kQueue, kMessage, {}});
  self.leased.pop_back();
  self.version += kEvents;
  BatchOptions options;
  options.durability = durability;
  Must(store_->AtomicBatch(std::move(operations), options).status());
}

void RawTurns::Commit(int worker, Durability durability) {
  const std::uint64_t number = committed_[worker]++;
  const auto message_key = [worker](std::uint64_t id) {
    return KeyWriter('R').Escaped(kQueue).U64(worker).U64(id).Take();
  };
  const std::string entity = "instance-" + std::to_string(worker);
  rocksdb::WriteBatch batch;
  batch.Delete(store_.messages(), message_key(number));
  for (std::uint64_t i = 0; i < kEvents; ++i) {
    const std::uint64_t version = number * kEvents + i + 1;
    batch.Put(store_.events(), KeyWriter('V').Escaped(entity).U64(1).U64(version).Take(), kEvent);
  }
  batch.Put(store_.events(), KeyWriter('M').Escaped(entity).U64(1).Raw("status").Take(), kMetadata);
  batch.Put(store_.messages(), message_key(number + 1), kMessage);
  store_.Write(batch, durability);
}

}  // namespace tandem::benchmarks
