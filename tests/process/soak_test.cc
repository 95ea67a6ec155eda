// Many rounds of everything that a program does with a store, from open to close: what the process
// and the directory hold afterwards does not grow with the number of rounds. A few by default;
// TANDEM_SOAK_ROUNDS sets another number, for hours if you like.

#include <gtest/gtest.h>

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <latch>
#include <memory>
#include <string>
#include <string_view>

#include "tandem/batch/provider_admin.h"
#include "tandem/batch/rocksdb_provider.h"
#include "tandem/duroxide.h"
#include "tandem/tests/support/temporary_directory.h"

namespace tandem {
namespace {

using std::chrono::hours;

constexpr int kRounds = 12;
// Until caches and pools that stay for the whole process are full.
constexpr int kFirstRounds = 5;
constexpr int kMessages = 100;

// What all rounds after the first ones may add, not each.
constexpr std::size_t kGrowthMax = std::size_t{2} << 20;
// Logs of RocksDB's own, options, write-ahead logs.
constexpr std::size_t kFilesMax = 12;

std::size_t CountEntries(const std::filesystem::path& directory) {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator(directory), {}));
}

struct Held {
  std::size_t descriptors;
  std::size_t threads;
  std::size_t bytes;
};

Held WhatTheProcessHolds() {
  const auto memory = mallinfo2();
  return {CountEntries("/proc/self/fd"), CountEntries("/proc/self/task"),
          memory.uordblks + memory.hblkhd};
}

// Files that do not grow with the data.
std::size_t CountOtherFiles(const std::filesystem::path& store) {
  return static_cast<std::size_t>(
      std::ranges::count_if(std::filesystem::directory_iterator(store),
                            [](const auto& entry) { return entry.path().extension() != ".sst"; }));
}

class SoakTest : public ::testing::Test {
 protected:
  static int Rounds() {
    const char* const rounds = std::getenv("TANDEM_SOAK_ROUNDS");  // NOLINT(concurrency-mt-unsafe)
    return rounds == nullptr ? kRounds : std::max(std::atoi(rounds), kFirstRounds + 1);
  }

  void Round() {
    RocksDbOptions options;
    options.mode = OpenMode::kCreateIfMissing;
    options.write_buffer_bytes = std::size_t{256} << 10;
    auto opened = RocksDbProvider::Open(path_, options);
    ASSERT_TRUE(opened.ok()) << opened.status();
    Provider& store = **opened;
    Write(store);
    Consume(store);
    Wait(store);
    RunInstances(store);
    const std::filesystem::path copy = directory_.path() / "copy";
    EXPECT_TRUE(store.admin()->Checkpoint(copy).ok());
    std::filesystem::remove_all(copy);
    // The data is the same after each round.
    ASSERT_TRUE(store.AtomicBatch({DeleteEntity{"entity " + std::to_string(round_)}}).ok());
    EXPECT_TRUE(store.admin()->Verify().ok());
  }

  void Write(Provider& store) {
    const StreamId stream{"entity " + std::to_string(round_), 0};
    std::latch answered(kMessages);
    for (int i = 0; i < kMessages; ++i) {
      const BatchOptions options{i % 10 == 0 ? Durability::kSync : Durability::kBuffered,
                                 std::to_string(round_) + "/" + std::to_string(i)};
      store.AtomicBatchAsync(
          {AppendEvents{stream, {std::string(2000, 'e')}}, UpdateMetadata{stream, {{"k", "v"}}, {}},
           Enqueue{"queue " + std::to_string(round_), std::string(1000, 'm'), {}}},
          options, [&answered](const Result<BatchResult>& result) {
            EXPECT_TRUE(result.ok()) << result.status();
            answered.count_down();
          });
    }
    answered.wait();
  }

  void Consume(Provider& store) {
    const std::string queue = "queue " + std::to_string(round_);
    for (int consumed = 0; consumed < kMessages; ++consumed) {
      const auto deliveries = store.Dequeue(queue, {});
      ASSERT_TRUE(deliveries.ok()) << deliveries.status();
      ASSERT_EQ(deliveries->size(), 1U);
      ASSERT_TRUE(store.Ack(deliveries->front().lock_token).ok());
    }
  }

  // Waits that end by what they wait for, by a stop, and by the end of the store.
  void Wait(Provider& store) {
    const StreamId waited_for{"waited for " + std::to_string(round_), 0};
    std::stop_source stop;
    std::latch ended(2);
    ReadOptions read;
    read.wait = hours(1);
    store.ReadAsync(waited_for, read, [&ended](const auto&) { ended.count_down(); });
    DequeueOptions dequeue;
    dequeue.wait = hours(1);
    dequeue.stop = stop.get_token();
    store.DequeueAsync({"nothing"}, dequeue, [&ended](const auto&) { ended.count_down(); });
    ASSERT_TRUE(store.Append(waited_for, {"event"}).ok());
    stop.request_stop();
    ended.wait();
    ASSERT_TRUE(store.AtomicBatch({DeleteEntity{waited_for.entity}}).ok());
    dequeue.stop = {};
    for (int i = 0; i < 10; ++i) store.DequeueAsync({"nothing"}, dequeue, [](const auto&) {});
  }

  // Some end, one waits until it is deleted, one has no code; all are gone afterwards.
  void RunInstances(Provider& store) {
    duroxide::Registry registry;
    registry.Add(kEcho, [](duroxide::ActivityContext&, std::string text) -> Result<std::string> {
      return text;
    });
    registry.Add(kBusy, Busy);
    const auto runtime = duroxide::Runtime::Start(store, std::move(registry));
    ASSERT_TRUE(runtime.ok()) << runtime.status();
    const duroxide::Client client = (*runtime)->client();
    const duroxide::Client other(store);
    const std::string id = std::to_string(round_) + "/";
    constexpr int kInstances = 20;
    for (int i = 0; i < kInstances; ++i) {
      ASSERT_TRUE(client.Start(kBusy, id + std::to_string(i), "x").ok());
    }
    ASSERT_TRUE(client.Start(kBusy, id + "waits", "").ok());
    ASSERT_TRUE(other.StartEncoded("unknown", id + "parked", "").ok());
    for (int i = 0; i < kInstances; ++i) {
      EXPECT_EQ(client.Wait(kBusy, id + std::to_string(i), std::chrono::minutes(1)).value(), "x");
    }
    duroxide::DeleteOptions force;
    force.force = true;
    for (int i = 0; i < kInstances; ++i) {
      EXPECT_TRUE(client.admin().Delete(id + std::to_string(i), force).ok());
    }
    EXPECT_TRUE(client.admin().Delete(id + "waits", force).ok());
    EXPECT_TRUE(client.admin().Delete(id + "parked", force).ok());
  }

  static constexpr duroxide::Activity<std::string(std::string)> kEcho{"echo"};
  static constexpr duroxide::Orchestration<std::string(std::string)> kBusy{"busy"};
  static duroxide::Task<Result<std::string>> Busy(duroxide::OrchestrationContext ctx,
                                                  std::string text) {
    if (text.empty()) {
      text = co_await duroxide::OrFail(ctx.WaitForEvent<std::string>("never"));
    }
    std::string echoed = co_await duroxide::OrFail(ctx.Call(kEcho, text));
    co_await ctx.Sleep(std::chrono::milliseconds(1));
    co_return echoed;
  }

  testing::TemporaryDirectory directory_;
  const std::filesystem::path path_ = directory_.path() / "store";
  int round_ = 0;
};

TEST_F(SoakTest, RoundsLeaveNoMemoryDescriptorsThreadsOrFilesBehind) {
  const int rounds = Rounds();
  Held before{};
  for (round_ = 0; round_ < rounds; ++round_) {
    SCOPED_TRACE("round " + std::to_string(round_));
    ASSERT_NO_FATAL_FAILURE(Round());
    if (round_ < kFirstRounds) {
      before = WhatTheProcessHolds();
      continue;
    }
    const Held held = WhatTheProcessHolds();
    ASSERT_LE(held.descriptors, before.descriptors);
    ASSERT_LE(held.threads, before.threads);
    ASSERT_LE(held.bytes, before.bytes + kGrowthMax);
    ASSERT_LE(CountOtherFiles(path_), kFilesMax);
  }
  const Held held = WhatTheProcessHolds();
  std::cout << rounds << " rounds: " << before.bytes << " bytes, then " << held.bytes << "; "
            << held.threads << " threads, " << held.descriptors << " descriptors, "
            << CountOtherFiles(path_) << " files beside the tables\n";
}

}  // namespace
}  // namespace tandem
