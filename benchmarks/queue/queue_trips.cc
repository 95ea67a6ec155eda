// Round trips: enqueue a message of 200 B, flushed; take one; acknowledge it, flushed.

#include <rocksdb/write_batch.h>

#include <atomic>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "tandem/base/key_encoding.h"
#include "tandem/base/rocks/rocks_status.h"
#include "tandem/benchmarks/frame/interleaved.h"
#include "tandem/benchmarks/frame/payload.h"
#include "tandem/benchmarks/queue/queue_parts.h"
#include "tandem/benchmarks/queue/queue_store.h"
#include "tandem/tests/support/temporary_directory.h"

namespace tandem::benchmarks {

namespace {

constexpr std::uint64_t kGroups = 1000;

// All clients share one queue: a client that dequeues takes the oldest message, not its own.
class TandemTrips {
 public:
  TandemTrips(const std::filesystem::path& directory, bool grouped)
      : store_(OpenTandem(directory)), grouped_(grouped) {}

  void Once() {
    EnqueueOptions enqueue;
    const std::uint64_t number = next_++;
    if (grouped_) enqueue.group = "group-" + std::to_string(number % kGroups);
    Must(store_->Enqueue(kQueueName, std::string(Payload(number)), enqueue).status());
    DequeueOptions dequeue;
    dequeue.wait = std::chrono::seconds(60);
    const auto deliveries = Must(store_->Dequeue(kQueueName, dequeue));
    if (deliveries.empty()) Must(Status::Internal("no message for as long as a minute"));
    Must(store_->Ack(deliveries.front().lock_token));
  }

  LogCounts Counts() const { return CountsOf(*store_); }

 private:
  const std::unique_ptr<RocksDbProvider> store_;
  const bool grouped_;
  std::atomic<std::uint64_t> next_ = 0;
};

// The same logical writes on keys that each client knows: no order, no lease, nobody waits.
class RawTrips {
 public:
  RawTrips(const std::filesystem::path& directory, int clients)
      : store_(directory), done_(clients) {}

  void Once(int client) {
    const std::uint64_t id = done_[client]++;
    const std::string message = KeyWriter('R').Escaped(kQueueName).U64(client).U64(id).Take();
    const std::string delivered = KeyWriter('D').Escaped(kQueueName).U64(client).U64(id).Take();
    rocksdb::WriteBatch enqueue;
    enqueue.Put(store_.messages(), message, ToSlice(Payload(id)));
    store_.Write(enqueue, Durability::kSync);
    rocksdb::WriteBatch lease;
    lease.Put(store_.messages(), delivered, "1");
    store_.Write(lease, Durability::kBuffered);
    rocksdb::WriteBatch ack;
    ack.Delete(store_.messages(), message);
    ack.Delete(store_.messages(), delivered);
    store_.Write(ack, Durability::kSync);
  }

  LogCounts Counts() const { return store_.Counts(); }

 private:
  RawStore store_;
  std::vector<std::uint64_t> done_;  // by client
};

void CompareTrips(benchmark::State& state, const Settings& settings, bool grouped, int clients) {
  const testing::TemporaryDirectory tandem_directory;
  const testing::TemporaryDirectory raw_directory;
  TandemTrips tandem(tandem_directory.path(), grouped);
  RawTrips raw(raw_directory.path(), clients);
  const Schedule schedule{clients, settings.rounds, settings.BlockSize(clients == 1 ? 150 : 30)};
  Compare(state,
          {{"tandem", [&](int) { tandem.Once(); }, [&] { return tandem.Counts(); }},
           {"raw", [&](int client) { raw.Once(client); }, [&] { return raw.Counts(); }}},
          schedule);
  state.counters["clients"] = clients;
}

}  // namespace

std::vector<FigureTable> RegisterTrips(const Settings& settings) {
  for (const bool grouped : {false, true}) {
    for (const int clients : {1, 32}) {
      const std::string name =
          std::string("trips/") + (grouped ? "grouped" : "plain") + "/" + std::to_string(clients);
      RegisterFigure(settings, name, [=](benchmark::State& state) {
        CompareTrips(state, settings, grouped, clients);
      });
    }
  }
  FigureTable table{"trips", {"messages", "clients"}, {}};
  AddPaired(table, "trips/s", "per_s", 0);
  AddPaired(table, "p50 us", "p50_us", 0);
  AddPaired(table, "p99 us", "p99_us", 0);
  table.columns.push_back({"flushes/trip: tandem", "tandem_flushes", 3});
  table.columns.push_back({"raw", "raw_flushes", 3});
  return {table};
}

}  // namespace tandem::benchmarks
