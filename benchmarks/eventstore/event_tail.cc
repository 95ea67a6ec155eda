// The live tail. One thread appends an event, another waits for it in Read; raw: a put, then a
// semaphore that wakes a thread which gets the value, as one would build it by hand.

#include <rocksdb/write_batch.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <semaphore>
#include <string>
#include <thread>
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

using SteadyClock = std::chrono::steady_clock;

constexpr int kEventsPerBlock = 100;

class Tail {
 public:
  virtual ~Tail() = default;
  virtual void Append(Version version, Durability durability) = 0;
  virtual void Await(Version version) = 0;  // until it is there, and reads it
};

class TandemTail final : public Tail {
 public:
  explicit TandemTail(const std::filesystem::path& directory) : store_(OpenTandem(directory)) {}

  void Append(Version version, Durability durability) override {
    AppendOptions options;
    options.durability = durability;
    Must(store_->Append(kStream, {std::string(Payload(version))}, options).status());
  }

  void Await(Version version) override {
    ReadOptions options;
    options.from = version;
    options.wait = std::chrono::seconds(60);
    if (Must(store_->Read(kStream, options)).events.size() != 1) {
      Must(Status::Internal("the event did not come"));
    }
  }

 private:
  const StreamId kStream{StreamName(0), 0};
  const std::unique_ptr<RocksDbProvider> store_;
};

class RawTail final : public Tail {
 public:
  explicit RawTail(const std::filesystem::path& directory) : store_(directory) {}

  void Append(Version version, Durability durability) override {
    rocksdb::WriteBatch batch;
    batch.Put(store_.events(), RawEventKey(0, version), ToSlice(Payload(version)));
    store_.Write(batch, durability);
    arrived_.release();
  }

  void Await(Version version) override {
    arrived_.acquire();
    std::string payload;
    Must(FromRocks(
        store_.db().Get(rocksdb::ReadOptions(), store_.events(), RawEventKey(0, version), &payload),
        "raw read"));
  }

 private:
  RawStore store_;
  std::binary_semaphore arrived_{0};
};

struct Latencies {
  std::vector<double> seen_us;   // from the call of the append to the return of the read
  std::vector<double> after_us;  // from the return of the append; negative if the read was first
};

double MicrosBetween(SteadyClock::time_point from, SteadyClock::time_point to) {
  return std::chrono::duration<double, std::micro>(to - from).count();
}

// Appends `count` events, one at a time, each when the reader waits for it.
void RunBlock(Tail& tail, Version& version, int count, Durability durability,
              Latencies& latencies) {
  std::counting_semaphore<> about_to_wait{0};
  std::vector<SteadyClock::time_point> seen(count);
  const Version first = version + 1;
  std::jthread reader([&] {
    for (int i = 0; i < count; ++i) {
      about_to_wait.release();
      tail.Await(first + i);
      seen[i] = SteadyClock::now();
    }
  });
  std::vector<std::pair<SteadyClock::time_point, SteadyClock::time_point>> appended;
  for (int i = 0; i < count; ++i) {
    about_to_wait.acquire();
    std::this_thread::sleep_for(std::chrono::microseconds(300));  // now it does wait
    const auto start = SteadyClock::now();
    tail.Append(++version, durability);
    appended.emplace_back(start, SteadyClock::now());
  }
  reader.join();
  for (int i = 0; i < count; ++i) {
    latencies.seen_us.push_back(MicrosBetween(appended[i].first, seen[i]));
    latencies.after_us.push_back(MicrosBetween(appended[i].second, seen[i]));
  }
}

void SetQuantiles(benchmark::State& state, const std::string& name, std::vector<double> micros) {
  std::ranges::sort(micros);
  state.counters[name + "_p50_us"] = Quantile(micros, 0.50);
  state.counters[name + "_p99_us"] = Quantile(micros, 0.99);
}

void CompareTails(benchmark::State& state, const Settings& settings, Durability durability) {
  const testing::TemporaryDirectory tandem_directory;
  const testing::TemporaryDirectory raw_directory;
  TandemTail tandem(tandem_directory.path());
  RawTail raw(raw_directory.path());
  const std::vector<std::pair<std::string, Tail*>> contenders = {{"tandem", &tandem},
                                                                 {"raw", &raw}};
  std::vector<Version> versions(contenders.size());
  std::vector<Latencies> latencies(contenders.size());
  const int count = settings.BlockSize(kEventsPerBlock);
  for (std::uint64_t round = 0; round < settings.rounds; ++round) {
    for (std::size_t i = 0; i < contenders.size(); ++i) {
      if (round == 1) latencies[i] = {};  // the first was a warm-up
      RunBlock(*contenders[i].second, versions[i], count, durability, latencies[i]);
    }
  }
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    SetQuantiles(state, contenders[i].first + "_seen", std::move(latencies[i].seen_us));
    SetQuantiles(state, contenders[i].first + "_after", std::move(latencies[i].after_us));
  }
  SetRatio(state, "seen_p50_us");
  SetRatio(state, "seen_p99_us");
}

}  // namespace

std::vector<FigureTable> RegisterTail(const Settings& settings) {
  for (const Durability durability : {Durability::kSync, Durability::kBuffered}) {
    const std::string kind = durability == Durability::kSync ? "synced" : "buffered";
    RegisterFigure(settings, "tail/" + kind,
                   [=](benchmark::State& state) { CompareTails(state, settings, durability); });
  }
  FigureTable table{"tail", {"durability"}, {}};
  AddPaired(table, "append called to seen, p50 us", "seen_p50_us", 0);
  AddPaired(table, "p99 us", "seen_p99_us", 0);
  table.columns.push_back({"acknowledged to seen, p50 us: tandem", "tandem_after_p50_us", 0});
  table.columns.push_back({"raw", "raw_after_p50_us", 0});
  table.columns.push_back({"p99 us: tandem", "tandem_after_p99_us", 0});
  table.columns.push_back({"raw", "raw_after_p99_us", 0});
  return {table};
}

}  // namespace tandem::benchmarks
