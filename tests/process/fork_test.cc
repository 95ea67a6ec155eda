// A provider in a child made by fork(): it has none of the provider's threads, and perhaps locks
// that nobody lets go.

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <memory>
#include <stop_token>
#include <thread>
#include <vector>

#include "tandem/batch/memory_provider.h"
#include "tandem/batch/provider_admin.h"
#include "tandem/batch/rocksdb_provider.h"
#include "tandem/duroxide.h"
#include "tandem/tests/support/temporary_directory.h"

namespace {

bool is_child = false;

}  // namespace

// Asked by the leak checker at the end of a process. What a std::thread hands to its thread is
// known to that thread's stack alone, which a forked child has not: there it looks lost.
extern "C" int __lsan_is_turned_off();  // NOLINT(bugprone-reserved-identifier): its name
extern "C" int __lsan_is_turned_off() { return is_child ? 1 : 0; }

namespace tandem {
namespace {

// Forks; `in_child` returns the child's exit status. What waitpid() tells of it.
int StatusOfChild(const std::function<int()>& in_child) {
  const pid_t child = fork();
  if (child == 0) {
    is_child = true;
    std::exit(in_child());  // NOLINT(concurrency-mt-unsafe): what the test is about
  }
  int status = 0;
  return waitpid(child, &status, 0) == child ? status : -1;
}

// How many of its calls are answered otherwise than they should in a forked child.
int CountAlive(Provider& store) {
  const StreamId stream{"stream", 0};
  std::vector<StatusCode> codes;
  const auto note = [&codes](const auto& result) {
    if constexpr (requires { result.status(); }) {
      codes.push_back(result.status().code());
    } else {
      codes.push_back(result.code());
    }
  };
  note(store.Append(stream, {"event"}));
  note(store.Enqueue("queue", "message"));
  note(store.AtomicBatch({AppendEvents{stream, {"event"}}}));
  store.AtomicBatchAsync({AppendEvents{stream, {"event"}}}, {}, note);
  note(store.Flush());
  note(store.Read(stream, {}));
  store.ReadAsync(stream, {}, note);
  note(store.LatestPartition("stream"));
  note(store.ReadMetadata(stream, {}));
  note(store.ReadAll(0, {}));
  note(store.Dequeue("queue", {}));
  store.DequeueAsync({"queue"}, {}, note);
  note(store.Renew(LockToken{"token"}, std::chrono::seconds(1)));
  note(store.Ack(LockToken{"token"}));
  note(store.Abandon(LockToken{"token"}, {}));
  ProviderAdmin& admin = *store.admin();
  note(admin.ListEntities({}));
  note(admin.ListPartitions("stream", {}));
  note(admin.ListQueues({}));
  note(admin.Statistics("queue"));
  note(admin.Browse("queue", {}));
  note(admin.Purge("queue"));
  note(admin.Redrive("queue"));
  note(admin.Truncate(stream, 1));
  note(admin.Verify());
  note(admin.Checkpoint("never made"));
  note(store.GetMetadata(stream, "key"));
  constexpr std::size_t kCalls = 26;
  if (codes.size() != kCalls)
    return 100;  // an asynchronous one has not called back within the call
  return static_cast<int>(std::ranges::count_if(
      codes, [](StatusCode code) { return code != StatusCode::kUnavailable; }));
}

TEST(ForkTest, InAForkedChildAStoreOnRocksDbIsUnavailableAndTheChildEnds) {
  const testing::TemporaryDirectory directory;
  auto store = *RocksDbProvider::Open(directory.path() / "store", OpenMode::kCreateIfMissing);
  ASSERT_TRUE(store->Append({"stream", 0}, {"event"}).ok());
  EXPECT_EQ(StatusOfChild([&store] { return CountAlive(*store); }), 0);
  EXPECT_EQ(StatusOfChild([&store] {
              store.reset();
              return 0;
            }),
            0);
  EXPECT_EQ(StatusOfChild([&] {
              const auto another =
                  RocksDbProvider::Open(directory.path() / "another", OpenMode::kCreateIfMissing);
              return another.status().code() == StatusCode::kUnavailable ? 0 : 1;
            }),
            0);
  EXPECT_EQ(WEXITSTATUS(StatusOfChild([] { return 7; })), 7) << "exit() keeps its status";
  // The parent's goes on.
  ASSERT_TRUE(store->Append({"stream", 0}, {"event"}).ok());
  EXPECT_EQ(store->Read({"stream", 0}, {})->head, 2U);
}

TEST(ForkTest, InAForkedChildAStoreInMemoryIsUnavailableAndTheChildEnds) {
  auto store = std::make_unique<MemoryProvider>();
  ASSERT_TRUE(store->Append({"stream", 0}, {"event"}).ok());
  EXPECT_EQ(StatusOfChild([&store] { return CountAlive(*store); }), 0);
  EXPECT_EQ(StatusOfChild([&store] {
              store.reset();
              return MemoryProvider().Append({"stream", 0}, {"event"}).ok() ? 0 : 1;
            }),
            0)
      << "the child's own works";
  EXPECT_EQ(store->Read({"stream", 0}, {})->head, 1U);
}

TEST(ForkTest, InAForkedChildARuntimeIsDeadAndTheChildEnds) {
  constexpr duroxide::Orchestration<std::string(std::string)> kEcho("echo");
  duroxide::Registry registry;
  registry.Add(kEcho,
               [](duroxide::OrchestrationContext /*ctx*/,
                  std::string text) -> duroxide::Task<Result<std::string>> { co_return text; });
  const testing::TemporaryDirectory directory;
  const auto on_rocks_db =
      *RocksDbProvider::Open(directory.path() / "store", OpenMode::kCreateIfMissing);
  MemoryProvider in_memory;
  for (Provider* store :
       {static_cast<Provider*>(on_rocks_db.get()), static_cast<Provider*>(&in_memory)}) {
    auto runtime = *duroxide::Runtime::Start(*store, registry);
    EXPECT_EQ(StatusOfChild([&] {
                const auto started = runtime->client().Start(kEcho, "of the child", "x");
                const bool dead = started.code() == StatusCode::kUnavailable &&
                                  runtime->Shutdown() == duroxide::ShutdownResult::kFailed;
                runtime.reset();
                return dead ? 0 : 1;
              }),
              0);
    ASSERT_TRUE(runtime->client().Start(kEcho, "i", "x").ok());
    EXPECT_EQ(runtime->client().Wait(kEcho, "i", std::chrono::minutes(1)).value(), "x");
  }
}

// A child that is forked while others use the store, so that it inherits locks which are held.
TEST(ForkTest, AChildOfABusyProcessDoesNotWaitForItsLocks) {
  const testing::TemporaryDirectory directory;
  const auto store = *RocksDbProvider::Open(directory.path() / "store", OpenMode::kCreateIfMissing);
  AppendOptions buffered;
  buffered.durability = Durability::kBuffered;
  std::jthread writer([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      EXPECT_TRUE(store->Append({"other", 0}, {"event"}, buffered).ok());
    }
  });
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(StatusOfChild([&store] { return CountAlive(*store); }), 0);
  }
}

}  // namespace
}  // namespace tandem
