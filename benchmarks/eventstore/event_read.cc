// Reads from a store of many streams of 1,000 events: a page of a stream, its last event, a page of
// the feed; raw: an iterator over the same payloads in stream order.

#include <rocksdb/write_batch.h>

#include <algorithm>
#include <memory>
#include <random>
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

constexpr std::uint64_t kEventsPerStream = 1000;
constexpr std::uint64_t kEventsPerAppend = 10;
constexpr std::uint64_t kAppendsPerBatch = 100;
constexpr std::size_t kPage = 1000;  // events

// The same events in both stores, appended to the streams in turn.
class FilledStores {
 public:
  explicit FilledStores(std::uint64_t events)
      : streams_(std::max<std::uint64_t>(events / kEventsPerStream, 1)),
        tandem_(OpenTandem(tandem_directory_.path())),
        raw_(raw_directory_.path()) {
    std::uint64_t appends = 0;
    for (std::uint64_t first = 1; first <= kEventsPerStream; first += kEventsPerAppend) {
      for (std::uint64_t stream = 0; stream < streams_; ++stream) {
        StageAppend(stream, first);
        if (++appends % kAppendsPerBatch == 0) WriteStaged();
      }
    }
    WriteStaged();
  }

  std::uint64_t events() const { return streams_ * kEventsPerStream; }

  void ReadTandemPage() {
    ReadOptions options;
    options.max_events = kPage;
    CheckCount(Must(tandem_->Read(RandomStream(), options)).events.size(), kEventsPerStream);
  }
  void ReadRawPage() {
    const std::uint64_t stream = random_() % streams_;
    CheckCount(Iterate(RawEventKey(stream, 1), RawEventKey(stream, kVersionMax), kPage),
               kEventsPerStream);
  }

  void ReadTandemHead() {
    ReadOptions options;
    options.direction = Direction::kBackward;
    options.max_events = 1;
    CheckCount(Must(tandem_->Read(RandomStream(), options)).events.size(), 1);
  }
  void ReadRawHead() {
    const std::unique_ptr<rocksdb::Iterator> it(
        raw_.db().NewIterator(rocksdb::ReadOptions(), raw_.events()));
    it->SeekForPrev(RawEventKey(random_() % streams_, kVersionMax));
    const std::string payload = it->Valid() ? it->value().ToString() : "";
    CheckCount(payload.size(), kPayloadBytes);
  }

  void ReadTandemFeed() {
    FeedOptions options;
    options.limit = kPage;
    FeedPage page = Must(tandem_->ReadAll(position_, options));
    CheckCount(page.events.size(), kPage);
    position_ = page.next < events() ? page.next : 0;
  }
  void ReadRawFeed() {
    CheckCount(Iterate(raw_next_, std::string(1, 'W'), kPage), kPage);
    if (raw_read_ == events()) RestartRawFeed();
  }
  void RestartRawFeed() {
    raw_next_ = RawEventKey(0, 0).substr(0, 1);
    raw_read_ = 0;
  }

 private:
  StreamId RandomStream() { return StreamId{StreamName(random_() % streams_), 0}; }

  static void CheckCount(std::size_t actual, std::size_t expected) {
    if (actual != expected) Must(Status::Internal("not as many as expected were read"));
  }

  // Copies up to `limit` payloads out, as a page does; returns how many.
  std::size_t Iterate(const std::string& from, const std::string& end, std::size_t limit) {
    std::vector<std::string> payloads;
    const std::unique_ptr<rocksdb::Iterator> it(
        raw_.db().NewIterator(rocksdb::ReadOptions(), raw_.events()));
    for (it->Seek(from); it->Valid() && it->key().compare(end) < 0; it->Next()) {
      if (payloads.size() == limit) break;
      payloads.push_back(it->value().ToString());
    }
    Must(FromRocks(it->status(), "raw read"));
    raw_read_ += payloads.size();
    raw_next_ = it->Valid() ? it->key().ToString() : "";
    return payloads.size();
  }

  void StageAppend(std::uint64_t stream, std::uint64_t first) {
    std::vector<std::string> payloads;
    for (std::uint64_t version = first; version < first + kEventsPerAppend; ++version) {
      const std::string_view payload = Payload(stream * kEventsPerStream + version);
      staged_raw_.Put(raw_.events(), RawEventKey(stream, version), ToSlice(payload));
      payloads.emplace_back(payload);
    }
    staged_.Add(AppendEvents{StreamId{StreamName(stream), 0}, std::move(payloads)});
  }

  void WriteStaged() {
    Must(tandem_->AtomicBatch(std::exchange(staged_, {}), Buffered()).status());
    raw_.Write(staged_raw_, Durability::kBuffered);
    staged_raw_.Clear();
  }

  const testing::TemporaryDirectory tandem_directory_;
  const testing::TemporaryDirectory raw_directory_;
  const std::uint64_t streams_;
  const std::unique_ptr<RocksDbProvider> tandem_;
  RawStore raw_;
  Batch staged_;
  rocksdb::WriteBatch staged_raw_;
  std::mt19937_64 random_{1};  // NOLINT(cert-msc51-cpp): the same in each run

  Position position_ = 0;  // where the feed goes on
  std::string raw_next_ = "V";
  std::uint64_t raw_read_ = 0;
};

struct ReadKind {
  std::string name;
  std::uint64_t events;  // that one read returns
  int per_block;
  void (FilledStores::*tandem)();
  void (FilledStores::*raw)();
};

void CompareReads(benchmark::State& state, const Settings& settings, FilledStores& stores,
                  const ReadKind& kind) {
  stores.RestartRawFeed();
  Compare(state,
          {{"tandem", [&](int) { (stores.*kind.tandem)(); }, nullptr},
           {"raw", [&](int) { (stores.*kind.raw)(); }, nullptr}},
          Schedule{1, settings.rounds, settings.BlockSize(kind.per_block)});
  for (const std::string engine : {"tandem", "raw"}) {
    state.counters[engine + "_events_per_s"] =
        state.counters[engine + "_per_s"] * static_cast<double>(kind.events);
  }
  SetRatio(state, "events_per_s");
}

}  // namespace

std::vector<FigureTable> RegisterReads(const Settings& settings) {
  const std::vector<ReadKind> kinds = {
      {"page of 1,000", kPage, 50, &FilledStores::ReadTandemPage, &FilledStores::ReadRawPage},
      {"last event", 1, 2000, &FilledStores::ReadTandemHead, &FilledStores::ReadRawHead},
      {"feed by 1,000", kPage, 50, &FilledStores::ReadTandemFeed, &FilledStores::ReadRawFeed}};
  // Made by the first figure for all.
  const auto stores = std::make_shared<std::unique_ptr<FilledStores>>();
  for (const ReadKind& kind : kinds) {
    RegisterFigure(settings, "read/" + kind.name, [=](benchmark::State& state) {
      if (*stores == nullptr) *stores = std::make_unique<FilledStores>(settings.events_max);
      CompareReads(state, settings, **stores, kind);
    });
  }
  FigureTable table{"read", {"read"}, {}};
  AddPaired(table, "events/s", "events_per_s", 0);
  AddPaired(table, "p50 us", "p50_us", 1);
  AddPaired(table, "p99 us", "p99_us", 1);
  return {table};
}

}  // namespace tandem::benchmarks
