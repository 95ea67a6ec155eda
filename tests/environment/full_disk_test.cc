// A disk that is full, for real: a small tmpfs. The store stops with NoSpace, reads go on, nothing
// acknowledged is lost, and it opens again once there is room. RocksDB's assertions are on in
// Debian's release: a failure that it does not expect would end this process.

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tandem/batch/provider_admin.h"
#include "tandem/batch/rocksdb_provider.h"
#include "tandem/tests/crash/ledger.h"
#include "tandem/tests/environment/small_disk.h"
#include "tandem/tests/support/random_seed.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;
using testing::BatchPlan;

constexpr std::size_t kMiB = std::size_t{1} << 20;
constexpr std::size_t kDiskBytes = 20 * kMiB;
const StreamId kStream{"stream", 0};

using Store = std::unique_ptr<RocksDbProvider>;

class FullDiskTest : public ::testing::Test {
 protected:
  static Result<Store> TryOpen(const fs::path& path) {
    RocksDbOptions options;
    options.mode = OpenMode::kCreateIfMissing;
    options.write_buffer_bytes = kMiB / 2;  // tables and new logs all the time
    return RocksDbProvider::Open(path, options);
  }
  static Store Open(const fs::path& path) {
    auto opened = TryOpen(path);
    EXPECT_TRUE(opened.ok()) << opened.status();
    return opened.ok() ? *std::move(opened) : nullptr;
  }

  // Bytes that no compression makes smaller.
  std::string Payload() {
    std::string bytes(1 + random_() % 16'384, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random_());
    return bytes;
  }

  struct Filled {
    Version acknowledged = 0;
    Status failure;
  };
  // One event after the other until it fails, so many at most.
  Filled AppendUntilItFails(RocksDbProvider& store, Version most) {
    Filled filled{store.Read(kStream, {})->head, Status::Ok()};
    for (Version i = 0; i < most; ++i) {
      AppendOptions options;
      options.durability = random_() % 4 == 0 ? Durability::kSync : Durability::kBuffered;
      filled.failure = store.Append(kStream, {Payload()}, options).status();
      if (!filled.failure.ok()) break;
      ++filled.acknowledged;
    }
    return filled;
  }

  static void ExpectStoppedForSpace(RocksDbProvider& store, const Status& failure) {
    EXPECT_EQ(failure.code(), StatusCode::kNoSpace) << failure;
    EXPECT_EQ(store.Append(kStream, {"later"}).status().code(), StatusCode::kUnavailable);
    EXPECT_EQ(store.Flush().code(), StatusCode::kUnavailable);
    EXPECT_EQ(store.Dequeue("queue").status().code(), StatusCode::kUnavailable);
    EXPECT_TRUE(store.Read(kStream, {}).ok()) << "reads go on";
    EXPECT_TRUE(store.ReadAll(0, {}).ok()) << "reads go on";
  }

  static void ExpectWhole(const fs::path& path, Version acknowledged) {
    const Store store = Open(path);
    ASSERT_NE(store, nullptr);
    const Version head = store->Read(kStream, {})->head;
    EXPECT_GE(head, acknowledged);
    EXPECT_LE(head, acknowledged + 1) << "what failed may be there";
    EXPECT_TRUE(store->admin()->Verify().ok());
    EXPECT_TRUE(store->Append({"later", 0}, {"event"}).ok());
  }

  std::mt19937_64 random_{testing::TestSeed()};
};

TEST_F(FullDiskTest, AStoreThatFillsTheDiskStopsWithNoSpaceAndLosesNothing) {
  for (int round = 0; round < testing::ScaledRounds(4); ++round) {
    const testing::SmallDisk disk(kDiskBytes);
    const fs::path path = disk.path() / "store";
    Store store = Open(path);
    ASSERT_NE(store, nullptr);
    const Filled filled = AppendUntilItFails(*store, 1'000'000);
    ExpectStoppedForSpace(*store, filled.failure);
    store.reset();
    {
      const auto full = TryOpen(path);
      EXPECT_TRUE(full.ok() || full.status().code() == StatusCode::kNoSpace) << full.status();
    }
    disk.Grow(3 * kDiskBytes);
    ExpectWhole(path, filled.acknowledged);
  }
}

TEST_F(FullDiskTest, ManyProducersAllGetAnAnswerAndKeepWhatTheyWerePromised) {
  constexpr std::uint32_t kProducers = 4;
  for (int round = 0; round < testing::ScaledRounds(2); ++round) {
    const testing::SmallDisk disk(kDiskBytes);
    const fs::path path = disk.path() / "store";
    Store store = Open(path);
    ASSERT_NE(store, nullptr);
    disk.FillUpTo(500 + random_() % 3000);
    std::vector<std::uint64_t> acknowledged(kProducers);
    std::atomic<int> no_space = 0;
    std::vector<std::jthread> producers;
    for (std::uint32_t i = 0; i < kProducers; ++i) {
      producers.emplace_back([&, i] {
        Status status;
        while (status.ok()) {
          const BatchPlan plan({i, acknowledged[i] + 1});
          status = store->AtomicBatch(plan.Operations(), {plan.durability}).status();
          if (status.ok()) ++acknowledged[i];
        }
        no_space += status.code() == StatusCode::kNoSpace ? 1 : 0;
        EXPECT_TRUE(status.code() == StatusCode::kNoSpace ||
                    status.code() == StatusCode::kUnavailable)
            << status;
      });
    }
    producers.clear();
    EXPECT_GT(no_space, 0);
    store.reset();
    disk.RemoveFilling();
    disk.Grow(3 * kDiskBytes);
    store = Open(path);
    ASSERT_NE(store, nullptr);
    const testing::StoreImage image = testing::ReadImage(*store);
    for (std::uint32_t i = 0; i < kProducers; ++i) {
      for (std::uint64_t number = 1; number <= acknowledged[i]; ++number) {
        EXPECT_TRUE(image.batches.contains({i, number})) << i << '.' << number;
      }
    }
  }
}

TEST_F(FullDiskTest, OpeningWithHardlyAnyRoomIsNoSpaceAndLosesNothing) {
  const testing::SmallDisk disk(kDiskBytes);
  const fs::path path = disk.path() / "store";
  Version acknowledged = 0;
  const std::size_t step = testing::ScaledRounds(10) > 10 ? 1 : 7;
  int refused = 0;
  for (std::size_t pages = 0; pages <= 60; pages += step) {
    fs::remove_all(path);  // else the store grows
    {
      const Store store = Open(path);
      ASSERT_NE(store, nullptr);
      acknowledged = AppendUntilItFails(*store, 50 + random_() % 100).acknowledged;
    }
    disk.FillUpTo(pages);
    for (int attempt = 0; attempt < 2; ++attempt) {
      const auto opened = TryOpen(path);
      if (!opened.ok()) {
        EXPECT_EQ(opened.status().code(), StatusCode::kNoSpace)
            << opened.status() << " with " << pages << " pages";
        ++refused;
        continue;
      }
      const Filled filled = AppendUntilItFails(**opened, 1'000'000);
      acknowledged = filled.acknowledged;
      ExpectStoppedForSpace(**opened, filled.failure);
      // What failed may survive, and then the next count starts behind it.
      break;
    }
    disk.RemoveFilling();
    ExpectWhole(path, acknowledged);
  }
  EXPECT_GT(refused, 0);
}

TEST_F(FullDiskTest, MakingAStoreOnAFullDiskIsNoSpaceAndCanBeRepeated) {
  const testing::SmallDisk disk(kDiskBytes);
  const fs::path path = disk.path() / "store";
  for (std::size_t pages = 0; pages <= 16; ++pages) {
    disk.FillUpTo(pages);
    const auto made = TryOpen(path);
    EXPECT_TRUE(made.ok() || made.status().code() == StatusCode::kNoSpace)
        << made.status() << " with " << pages << " pages";
    if (made.ok()) break;
  }
  disk.RemoveFilling();
  ExpectWhole(path, 0);
}

TEST_F(FullDiskTest, ACheckpointWithoutRoomIsNoSpaceAndLeavesNothing) {
  const testing::SmallDisk disk(kDiskBytes);
  const Store store = Open(disk.path() / "store");
  ASSERT_NE(store, nullptr);
  const Filled filled = AppendUntilItFails(*store, 60);
  ASSERT_TRUE(filled.failure.ok());
  const fs::path copy = disk.path() / "copy";
  int refused = 0;
  for (const std::size_t pages : {0, 1, 2, 3, 5, 8, 13, 21, 34, 55}) {
    disk.FillUpTo(pages);
    const Status made = store->admin()->Checkpoint(copy);
    if (made.ok()) break;  // tables are linked, so little room is enough
    ++refused;
    EXPECT_EQ(made.code(), StatusCode::kNoSpace) << made << " with " << pages << " pages";
    EXPECT_EQ(std::distance(fs::directory_iterator(disk.path()), {}), 2) << "store, filling";
  }
  EXPECT_GT(refused, 0);
  disk.RemoveFilling();
  EXPECT_TRUE(fs::exists(copy) || store->admin()->Checkpoint(copy).ok());
  ExpectWhole(copy, filled.acknowledged);
}

TEST_F(FullDiskTest, ACheckpointOfAStoppedStoreIsUnavailable) {
  const testing::SmallDisk disk(kDiskBytes);
  const testing::SmallDisk other(kDiskBytes);
  const Store store = Open(disk.path() / "store");
  ASSERT_NE(store, nullptr);
  disk.FillUpTo(100);
  ExpectStoppedForSpace(*store, AppendUntilItFails(*store, 1'000'000).failure);
  EXPECT_EQ(store->admin()->Checkpoint(other.path() / "copy").code(), StatusCode::kUnavailable);
  EXPECT_TRUE(fs::is_empty(other.path()));
}

// A copy is made while the disk fills up under it.
TEST_F(FullDiskTest, CheckpointsBesideAFailingWriteAreErrorsOrWhole) {
  for (int round = 0; round < testing::ScaledRounds(3); ++round) {
    const testing::SmallDisk disk(kDiskBytes);
    const testing::SmallDisk other(kDiskBytes);
    const Store store = Open(disk.path() / "store");
    ASSERT_NE(store, nullptr);
    disk.FillUpTo(300 + random_() % 1000);
    std::atomic<bool> failed = false;
    std::jthread copier([&] {
      for (int i = 0; !failed; ++i) {
        const fs::path copy = other.path() / std::to_string(i);
        const Status made = store->admin()->Checkpoint(copy);
        if (made.ok()) {
          EXPECT_TRUE(Open(copy)->admin()->Verify().ok());
          fs::remove_all(copy);
        } else {
          EXPECT_TRUE(made.code() == StatusCode::kUnavailable ||
                      made.code() == StatusCode::kNoSpace)
              << made;
        }
      }
    });
    const Filled filled = AppendUntilItFails(*store, 1'000'000);
    failed = true;
    copier.join();
    ExpectStoppedForSpace(*store, filled.failure);
  }
}

}  // namespace
}  // namespace tandem
