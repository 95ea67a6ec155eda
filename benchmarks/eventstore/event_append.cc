// Appends of 1, 10 and 100 events of 200 B, each thread to a stream of its own, on exactly the
// version that it knows; raw: one rocksdb::WriteBatch of as many puts.

#include <rocksdb/write_batch.h>

#include <string>
#include <utility>
#include <vector>

#include "tandem/base/rocks/rocks_status.h"
#include "tandem/benchmarks/eventstore/event_parts.h"
#include "tandem/benchmarks/eventstore/raw_events.h"
#include "tandem/benchmarks/frame/interleaved.h"
#include "tandem/benchmarks/frame/payload.h"
#include "tandem/benchmarks/frame/stores.h"
#include "tandem/tests/support/temporary_directory.h"

namespace tandem::benchmarks {

namespace {

// So many appends a thread and block that a block takes some tens of milliseconds.
int AppendsPerBlock(int threads, int events) {
  if (threads == 1) return events < 100 ? 200 : 60;
  return events < 100 ? 50 : 15;
}

class TandemAppends {
 public:
  TandemAppends(const std::filesystem::path& directory, int threads)
      : store_(OpenTandem(directory)), versions_(threads) {}

  void Once(int thread, int events, Durability durability) {
    Version& version = versions_[thread];
    std::vector<std::string> payloads;
    payloads.reserve(events);
    for (int i = 0; i < events; ++i) payloads.emplace_back(Payload(version + i));
    AppendOptions options;
    options.expected = Expected::Exactly(version);
    options.durability = durability;
    version =
        Must(store_->Append(StreamId{StreamName(thread), 0}, std::move(payloads), options)).version;
  }

  LogCounts Counts() const { return CountsOf(*store_); }

 private:
  const std::unique_ptr<RocksDbProvider> store_;
  std::vector<Version> versions_;  // by thread
};

class RawAppends {
 public:
  RawAppends(const std::filesystem::path& directory, int threads)
      : store_(directory), versions_(threads) {}

  void Once(int thread, int events, Durability durability) {
    rocksdb::WriteBatch batch;
    for (int i = 0; i < events; ++i) {
      const Version version = ++versions_[thread];
      batch.Put(store_.events(), RawEventKey(thread, version), ToSlice(Payload(version)));
    }
    store_.Write(batch, durability);
  }

  LogCounts Counts() const { return store_.Counts(); }

 private:
  RawStore store_;
  std::vector<Version> versions_;  // by thread
};

void CompareAppends(benchmark::State& state, const Settings& settings, Durability durability,
                    int threads, int events) {
  const testing::TemporaryDirectory tandem_directory;
  const testing::TemporaryDirectory raw_directory;
  TandemAppends tandem(tandem_directory.path(), threads);
  RawAppends raw(raw_directory.path(), threads);
  const Schedule schedule{threads, settings.rounds,
                          settings.BlockSize(AppendsPerBlock(threads, events))};
  Compare(state,
          {{"tandem", [&](int thread) { tandem.Once(thread, events, durability); },
            [&] { return tandem.Counts(); }},
           {"raw", [&](int thread) { raw.Once(thread, events, durability); },
            [&] { return raw.Counts(); }}},
          schedule);
  state.counters["threads"] = threads;
  state.counters["events"] = events;
}

}  // namespace

std::vector<FigureTable> RegisterAppends(const Settings& settings) {
  for (const Durability durability : {Durability::kSync, Durability::kBuffered}) {
    const std::string kind = durability == Durability::kSync ? "synced" : "buffered";
    for (const int threads : {1, 16}) {
      for (const int events : {1, 10, 100}) {
        const std::string name =
            "append/" + kind + "/" + std::to_string(threads) + "/" + std::to_string(events);
        RegisterFigure(settings, name, [=](benchmark::State& state) {
          CompareAppends(state, settings, durability, threads, events);
        });
      }
    }
  }
  FigureTable table{"append", {"durability", "threads", "events/append"}, {}};
  AddPaired(table, "appends/s", "per_s", 0);
  AddPaired(table, "p50 us", "p50_us", 0);
  AddPaired(table, "p99 us", "p99_us", 0);
  table.columns.push_back({"flushes/append: tandem", "tandem_flushes", 3});
  table.columns.push_back({"raw", "raw_flushes", 3});
  table.columns.push_back({"WAL B/append: tandem", "tandem_wal_bytes", 0});
  table.columns.push_back({"raw", "raw_wal_bytes", 0});
  return {table};
}

}  // namespace tandem::benchmarks
