// A store whose opening was killed opens the next time.

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <random>

#include "tandem/base/clock.h"
#include "tandem/batch/rocksdb_provider.h"
#include "tandem/tests/crash/writer_process.h"
#include "tandem/tests/support/random_seed.h"
#include "tandem/tests/support/temporary_directory.h"

namespace tandem {
namespace {

using testing::WriterProcess;

std::vector<std::string> OpenOnly(const std::filesystem::path& directory) {
  return {TANDEM_CRASH_WRITER, directory, "1", "1", "open-only"};
}

// How long the writer takes to open a store and close it again.
std::chrono::microseconds TimeOfOpen(const std::filesystem::path& directory) {
  const auto start = std::chrono::steady_clock::now();
  WriterProcess writer(OpenOnly(directory));
  while (writer.NextLine().has_value()) {
  }
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() -
                                                               start);
}

void KillWhileOpening(const std::filesystem::path& directory, std::chrono::microseconds after) {
  WriterProcess writer(OpenOnly(directory));
  SystemClock clock;
  Signal nobody_notifies;
  clock.WaitUntil(nobody_notifies, clock.Now() + after);  // the random moment of the kill
  writer.Kill();
  while (const auto line = writer.NextLine()) EXPECT_EQ(*line, "open");
}

TEST(CreationTest, AKillDuringCreationLeavesAStoreThatOpens) {
  std::mt19937_64 random(testing::TestSeed());
  const testing::TemporaryDirectory parent;
  const auto whole = TimeOfOpen(parent.path() / "measured");
  const int rounds = testing::ScaledRounds(60);
  for (int round = 0; round < rounds; ++round) {
    const auto directory = parent.path() / std::to_string(round);
    // Sometimes the next attempt is killed as well.
    const std::uint64_t kills = 1 + random() % 3;
    for (std::uint64_t i = 0; i < kills; ++i) {
      KillWhileOpening(directory, std::chrono::microseconds(random() % (whole.count() + 1)));
    }
    auto store = RocksDbProvider::Open(directory, OpenMode::kCreateIfMissing);
    ASSERT_TRUE(store.ok()) << store.status() << " in round " << round;
    ASSERT_TRUE((*store)->Append({"entity", 0}, {"event"}).ok());
    store->reset();
    store = RocksDbProvider::Open(directory, OpenMode::kCreateIfMissing);
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_EQ((*store)->Read({"entity", 0}, {})->head, 1U);
  }
}

TEST(HeldStoreTest, IsUnavailableUntilTheOtherProcessEnds) {
  const testing::TemporaryDirectory directory;
  WriterProcess writer({TANDEM_CRASH_WRITER, directory.path(), "1", "1"});
  ASSERT_TRUE(writer.NextLine().has_value());  // it writes, so it has the store open
  for (int i = 0; i < 2; ++i) {                // asking does not release the lock
    EXPECT_EQ(RocksDbProvider::Open(directory.path(), OpenMode::kCreateIfMissing).status().code(),
              StatusCode::kUnavailable);
  }
  EXPECT_TRUE(writer.NextLine().has_value());
  writer.Kill();
  while (writer.NextLine().has_value()) {
  }
  const auto store = RocksDbProvider::Open(directory.path(), OpenMode::kCreateIfMissing);
  EXPECT_TRUE(store.ok()) << store.status();
}

TEST(HeldStoreTest, AfterARefusedOpenOtherProcessesAreStillRefused) {
  const testing::TemporaryDirectory parent;
  const auto directory = parent.path() / "store";
  std::filesystem::create_directory_symlink(directory, parent.path() / "link");
  auto store = RocksDbProvider::Open(directory, OpenMode::kCreateIfMissing);
  ASSERT_TRUE(store.ok()) << store.status();
  for (const auto& path : {directory, parent.path() / "link", parent.path() / "." / "store"}) {
    EXPECT_EQ(RocksDbProvider::Open(path, OpenMode::kCreateIfMissing).status().code(),
              StatusCode::kUnavailable);
    WriterProcess other(OpenOnly(path));
    const auto line = other.NextLine();
    ASSERT_TRUE(line.has_value());
    EXPECT_EQ(line->substr(0, 18), "error Unavailable:") << *line;
  }
  EXPECT_TRUE((*store)->Append({"entity", 0}, {"event"}).ok());
}

TEST(CreationTest, KillsDuringReopeningLoseNothing) {
  std::mt19937_64 random(testing::TestSeed());
  const testing::TemporaryDirectory directory;
  const auto whole = TimeOfOpen(directory.path());
  const int rounds = testing::ScaledRounds(40);
  MessageId last_id = 0;
  for (int round = 1; round <= rounds; ++round) {
    KillWhileOpening(directory.path(), std::chrono::microseconds(random() % (whole.count() + 1)));
    auto store = RocksDbProvider::Open(directory.path(), OpenMode::kCreateIfMissing);
    ASSERT_TRUE(store.ok()) << store.status() << " in round " << round;
    const StreamId stream{"entity", 0};
    Batch operations;
    operations.Add(AppendEvents{stream, {std::string(1000, 'x')}});
    operations.Add(Enqueue{"work", "message", {}});
    const auto result = (*store)->AtomicBatch(std::move(operations));
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(std::get<AppendResult>(result->operations[0]).version, static_cast<Version>(round));
    const MessageId id = std::get<EnqueueResult>(result->operations[1]).id;
    EXPECT_GT(id, last_id) << "ids never repeat";
    last_id = id;
  }
}

}  // namespace
}  // namespace tandem
