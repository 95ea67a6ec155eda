// What a power cut leaves: every file up to its last flush at least, and any
// part of what came after. The write-ahead log ends at such lengths, and lacks
// any of the sectors that were not flushed; the store must hold all that was
// acknowledged as flushed, and a prefix of the serial order.

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "tandem/batch/rocksdb_provider.h"
#include "tandem/tests/crash/file_faults.h"
#include "tandem/tests/crash/ledger.h"
#include "tandem/tests/crash/store_files.h"
#include "tandem/tests/support/random_seed.h"
#include "tandem/tests/support/temporary_directory.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;
using testing::BatchName;
using testing::BatchPlan;

// A store as a power cut at one moment may leave it.
struct Cut {
  fs::path directory;
  std::uint64_t durable = 0;                           // bytes of the newest log
  std::map<std::string, std::uint64_t> durable_sizes;  // by name, of all files
  std::set<BatchName> promised;                        // acknowledged as flushed before that moment
  std::set<BatchName> intended;
};

class PowerCutTest : public ::testing::Test {
 protected:
  ~PowerCutTest() override { testing::SkipSyncs(false); }

  void Produce(std::uint32_t producer, std::uint64_t batches) {
    for (std::uint64_t number = 1; number <= batches; ++number) {
      BatchPlan plan({producer, number});
      // Rarely flushed, so that there is something to lose.
      plan.durability = number % sync_every_ == 0 ? Durability::kSync : Durability::kBuffered;
      {
        const std::lock_guard lock(mutex_);
        intended_.insert(plan.name);
      }
      const auto result = store_->AtomicBatch(plan.Operations(), {plan.durability});
      ASSERT_TRUE(result.ok()) << result.status();
      std::set<BatchName> flushed;
      if (number % (3 * sync_every_) == 0) {
        {
          const std::lock_guard lock(mutex_);
          flushed = acked_;
        }
        ASSERT_TRUE(store_->Flush().ok());
      }
      const std::lock_guard lock(mutex_);
      acked_.insert(plan.name);
      promised_.merge(flushed);  // the barrier covers what was acknowledged
      if (plan.durability == Durability::kSync) {
        // A flush makes all before it durable; of this thread's at least.
        for (std::uint64_t earlier = 1; earlier <= number; ++earlier) {
          promised_.insert({producer, earlier});
        }
      }
    }
  }

  void Consume(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    while (!done_) {
      DequeueOptions options;
      options.max_messages = 1 + random() % 5;
      const auto taken = store_->Dequeue(testing::kWorkQueue, options);
      ASSERT_TRUE(taken.ok()) << taken.status();
      if (taken->empty()) continue;
      const auto durability =
          random() % sync_every_ == 0 ? Durability::kSync : Durability::kBuffered;
      const auto acked = store_->AtomicBatch(testing::ConsumerBatch(0, *taken), {durability});
      ASSERT_TRUE(acked.ok()) << acked.status();
    }
  }

  // From here on stores are only opened to see what they hold.
  void CloseStore() {
    store_.reset();
    testing::SkipSyncs(true);
  }

  Cut TakeCut(const fs::path& to) {
    Cut cut;
    cut.directory = to;
    {
      // Before the look at the files: what is promised now is in them.
      const std::lock_guard lock(mutex_);
      cut.promised = promised_;
    }
    testing::WithFilesFrozen([&] {
      testing::CopyStore(live_, to);
      const auto durable = testing::DurableSizes();
      for (const fs::path& file : testing::FilesOf(to)) {
        const auto found = durable.find(live_ / file.filename());
        cut.durable_sizes[file.filename()] = found == durable.end() ? 0 : found->second;
      }
      cut.durable = cut.durable_sizes.at(testing::FilesOf(to, ".log").back().filename());
    });
    const std::lock_guard lock(mutex_);
    cut.intended = intended_;
    return cut;
  }

  // The newest log, as a power cut leaves it.
  void ExpectGoodWith(const Cut& cut, const std::string& log) {
    const fs::path directory = parent_.path() / "cut";
    testing::CopyStore(cut.directory, directory);
    testing::WriteFile(testing::FilesOf(directory, ".log").back(), log);
    ExpectGood(cut, directory);
  }

  void ExpectGood(const Cut& cut, const fs::path& directory) {
    auto store = RocksDbProvider::Open(directory, OpenMode::kCreateIfMissing);
    ASSERT_TRUE(store.ok()) << store.status();
    const testing::StoreImage image = testing::ReadImage(**store);
    testing::ExpectPrefix(image, whole_feed_);
    for (const BatchName& name : cut.promised) {
      EXPECT_TRUE(image.batches.contains(name))
          << "lost: " << name.ToString() << ", acknowledged as flushed";
    }
    for (const auto& [name, events] : image.batches) {
      EXPECT_TRUE(cut.intended.contains(name)) << name.ToString();
    }
    // It goes on from there.
    ASSERT_TRUE((*store)->Append({"later", 0}, {"event"}).ok());
    store = Status::Unavailable("closed");
    store = RocksDbProvider::Open(directory, OpenMode::kCreateIfMissing);
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_EQ((*store)->Append({"later", 0}, {"event"})->position, image.feed.size() + 2);
    ++good_;
  }

  // Three producers and a consumer; a cut whenever so many batches were
  // acknowledged.
  std::vector<Cut> CutUnderLoad(std::mt19937_64& random) {
    std::vector<Cut> cuts;
    std::vector<std::jthread> producers;
    for (std::uint32_t i = 0; i < 3; ++i) producers.emplace_back([this, i] { Produce(i, 150); });
    const std::jthread consumer([this, seed = random()] { Consume(seed); });
    for (std::size_t at = 10; at < 440; at += 10 + random() % 40) {
      while (true) {
        const std::lock_guard lock(mutex_);
        if (acked_.size() >= at) break;
      }
      cuts.push_back(TakeCut(parent_.path() / ("cut-" + std::to_string(cuts.size()))));
    }
    producers.clear();
    done_ = true;
    return cuts;
  }

  const testing::TemporaryDirectory parent_;
  const fs::path live_ = fs::canonical(parent_.path()) / "live";
  std::unique_ptr<RocksDbProvider> store_;
  std::mutex mutex_;
  std::set<BatchName> intended_;  // guarded by mutex_, as the next two
  std::set<BatchName> acked_;
  std::set<BatchName> promised_;
  std::atomic<bool> done_ = false;
  std::uint64_t sync_every_ = 12;  // batches
  std::vector<FeedEvent> whole_feed_;
  int good_ = 0;
};

TEST_F(PowerCutTest, UnflushedBytesAreLostAsAPrefixAndNothingPromisedIsLost) {
  std::mt19937_64 random(testing::TestSeed());
  auto opened = RocksDbProvider::Open(live_, OpenMode::kCreateIfMissing);
  ASSERT_TRUE(opened.ok()) << opened.status();
  store_ = *std::move(opened);
  const std::vector<Cut> cuts = CutUnderLoad(random);
  whole_feed_ = testing::ReadImage(*store_).feed;
  CloseStore();

  std::size_t unflushed = 0;
  for (const Cut& cut : cuts) {
    const std::string log = testing::ReadFile(testing::FilesOf(cut.directory, ".log").back());
    ASSERT_GT(cut.durable, 0U);
    ASSERT_GE(log.size(), cut.durable);
    unflushed += log.size() - cut.durable;
    // The least, with and without zeros in place of the rest, and all.
    ASSERT_NO_FATAL_FAILURE(ExpectGoodWith(cut, log.substr(0, cut.durable)));
    ASSERT_NO_FATAL_FAILURE(ExpectGoodWith(cut, testing::Zero(log, cut.durable, log.size())));
    ASSERT_NO_FATAL_FAILURE(ExpectGoodWith(cut, log));
    for (int i = 0; i < testing::ScaledRounds(5); ++i) {
      SCOPED_TRACE("hole " + std::to_string(i) + ", " + std::to_string(cut.durable) + " durable");
      ASSERT_NO_FATAL_FAILURE(
          ExpectGoodWith(cut, testing::AfterPowerCut(log, cut.durable, random)));
    }
    if (HasFailure()) return;
  }
  std::cout << cuts.size() << " moments, " << good_ << " logs, " << unflushed / cuts.size()
            << " unflushed bytes on average" << std::endl;
}

// One thread: what each acknowledgement promised is known to the byte.
TEST_F(PowerCutTest, TheLogCutRightBehindAFlushHasExactlyWhatWasFlushed) {
  auto opened = RocksDbProvider::Open(live_, OpenMode::kCreateIfMissing);
  ASSERT_TRUE(opened.ok()) << opened.status();
  store_ = *std::move(opened);
  const fs::path log = testing::FilesOf(live_, ".log").back();
  std::map<std::uint64_t, std::uint64_t> batches_at;  // size -> batches
  for (std::uint64_t number = 1; number <= 40; ++number) {
    const BatchPlan plan({0, number});
    ASSERT_TRUE(store_->AtomicBatch(plan.Operations(), {Durability::kSync}).ok());
    const auto durable = testing::DurableSizes();
    ASSERT_TRUE(durable.contains(log));
    EXPECT_EQ(durable.at(log), fs::file_size(log)) << "an acknowledged batch is flushed";
    batches_at[fs::file_size(log)] = number;
  }
  testing::CopyStore(live_, parent_.path() / "whole");
  whole_feed_ = testing::ReadImage(*store_).feed;
  CloseStore();
  for (const auto& [size, batches] : batches_at) {
    for (const std::uint64_t more : {0, 7, 50}) {
      testing::CopyStore(parent_.path() / "whole", parent_.path() / "cut");
      const fs::path cut = testing::FilesOf(parent_.path() / "cut", ".log").back();
      fs::resize_file(cut, std::min(size + more, fs::file_size(cut)));
      auto store = RocksDbProvider::Open(parent_.path() / "cut", OpenMode::kCreateIfMissing);
      ASSERT_TRUE(store.ok()) << store.status();
      const testing::StoreImage image = testing::ReadImage(**store);
      EXPECT_EQ(image.batches.size(), batches) << size << '+' << more;
      testing::ExpectPrefix(image, whole_feed_);
    }
  }
}

// A store with what was flushed, and then with some batches that were not.
class ZeroedPageTest : public PowerCutTest {
 protected:
  void Write(std::uint64_t from, std::uint64_t to, Durability durability) {
    for (std::uint64_t number = from; number <= to; ++number) {
      const BatchPlan plan({0, number});
      ASSERT_TRUE(store_->AtomicBatch(plan.Operations(), {durability}).ok());
      cut_.intended.insert(plan.name);
      if (durability == Durability::kSync) cut_.promised.insert(plan.name);
    }
  }

  // Writes that many batches, and keeps the log as it is then.
  void Build(std::uint64_t flushed, std::uint64_t unflushed) {
    auto opened = RocksDbProvider::Open(live_, OpenMode::kCreateIfMissing);
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
    Write(1, flushed, Durability::kSync);
    Write(flushed + 1, flushed + unflushed, Durability::kBuffered);
    whole_feed_ = testing::ReadImage(*store_).feed;
    const Cut taken = TakeCut(parent_.path() / "whole");
    cut_.directory = taken.directory;
    cut_.durable = taken.durable;
    log_ = testing::ReadFile(testing::FilesOf(cut_.directory, ".log").back());
    CloseStore();
  }

  Cut cut_;
  std::string log_;
};

TEST_F(ZeroedPageTest, AZeroedPageInTheUnflushedEndOfTheLogIsNoDamage) {
  for (const std::uint64_t unflushed : {1, 25}) {
    fs::remove_all(live_);
    cut_ = Cut();
    ASSERT_NO_FATAL_FAILURE(Build(20, unflushed));
    ASSERT_LT(cut_.durable, log_.size());
    for (std::size_t page = cut_.durable / 4096 * 4096; page < log_.size(); page += 4096) {
      const std::size_t begin = std::max(page, cut_.durable);
      SCOPED_TRACE("zeros from " + std::to_string(begin) + " to " + std::to_string(page + 4096));
      ASSERT_NO_FATAL_FAILURE(ExpectGoodWith(cut_, testing::Zero(log_, begin, page + 4096)));
    }
  }
}

TEST_F(ZeroedPageTest, AZeroedPageBeforeAFlushedGroupIsDamage) {
  ASSERT_NO_FATAL_FAILURE(Build(60, 1));
  const fs::path directory = parent_.path() / "cut";
  ASSERT_GT(cut_.durable, 3 * 4096U);
  for (std::size_t page = 0; page < cut_.durable; page += 4096) {
    const std::size_t end = std::min(page + 4096, cut_.durable);
    testing::CopyStore(cut_.directory, directory);
    const fs::path file = testing::FilesOf(directory, ".log").back();
    const std::string damaged = testing::Zero(log_, page, end);
    testing::WriteFile(file, damaged);
    for (int i = 0; i < 2; ++i) {
      const auto opened = RocksDbProvider::Open(directory, OpenMode::kCreateIfMissing);
      EXPECT_EQ(opened.status().code(), StatusCode::kCorruption) << opened.status() << ' ' << page;
    }
    EXPECT_EQ(testing::ReadFile(file), damaged) << "nothing was cut";
  }
}

// Several logs, and tables that are written meanwhile: each file is cut on its
// own.
TEST_F(PowerCutTest, EveryFileMayLoseItsUnflushedBytes) {
  std::mt19937_64 random(testing::TestSeed());
  RocksDbOptions options;
  options.mode = OpenMode::kCreateIfMissing;
  options.write_buffer_bytes = std::size_t{256} << 10;
  sync_every_ = 60;
  auto opened = RocksDbProvider::Open(live_, options);
  ASSERT_TRUE(opened.ok()) << opened.status();
  store_ = *std::move(opened);
  const std::vector<Cut> cuts = CutUnderLoad(random);
  whole_feed_ = testing::ReadImage(*store_).feed;
  CloseStore();
  const fs::path directory = parent_.path() / "cut";
  int several_logs = 0;
  for (const Cut& cut : cuts) {
    for (int i = 0; i < testing::ScaledRounds(4); ++i) {
      testing::CopyStore(cut.directory, directory);
      std::string trace;
      for (const fs::path& file : testing::FilesOf(directory)) {
        const std::string name = file.filename();
        const std::uint64_t size = fs::file_size(file);
        const std::uint64_t durable = std::min(size, cut.durable_sizes.at(name));
        // The first time the least, then anything; a log may have holes.
        const std::uint64_t kept = i == 0 ? durable : durable + random() % (size - durable + 1);
        fs::resize_file(file, kept);
        if (i > 0 && random() % 2 == 0 && name.ends_with(".log")) {
          const std::string whole = testing::ReadFile(cut.directory / name);
          testing::WriteFile(file, testing::AfterPowerCut(whole, durable, random));
          trace += " (holes)";
        }
        trace += " " + name + ":" + std::to_string(durable) + "<=" + std::to_string(kept) +
                 "<=" + std::to_string(size);
      }
      SCOPED_TRACE(trace);
      several_logs += testing::FilesOf(directory, ".log").size() > 1 ? 1 : 0;
      ASSERT_NO_FATAL_FAILURE(ExpectGood(cut, directory));
      if (HasFailure()) return;
    }
  }
  EXPECT_GT(several_logs, 0);
  std::cout << cuts.size() << " moments, " << good_ << " stores, " << several_logs
            << " of them with several logs" << std::endl;
}

TEST_F(PowerCutTest, TheNameOfANewStoreIsFlushedBeforeItIsUsed) {
  const fs::path above = fs::canonical(parent_.path());
  for (const char* end : {"", "/"}) {
    const std::string first = std::string("a") + (*end == 0 ? "1" : "2");
    const fs::path directory = above / first / "b" / "store";
    auto opened = RocksDbProvider::Open(directory.string() + end, OpenMode::kCreateIfMissing);
    ASSERT_TRUE(opened.ok()) << opened.status();
    const auto synced = testing::SyncedDirectories();
    EXPECT_TRUE(synced.contains(above));
    EXPECT_TRUE(synced.contains(above / first));
    EXPECT_TRUE(synced.contains(above / first / "b"));
    EXPECT_TRUE(synced.contains(directory)) << "by RocksDB";
  }
}

}  // namespace
}  // namespace tandem
