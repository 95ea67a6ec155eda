// A device that fails: whoever was answered before keeps what he was promised,
// everybody gets an answer, and the store writes nothing more until it is
// opened again.

#include <gtest/gtest.h>

#include <sys/resource.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <latch>
#include <random>
#include <thread>

#include "tandem/batch/provider_admin.h"
#include "tandem/batch/rocksdb_provider.h"
#include "tandem/tests/crash/file_faults.h"
#include "tandem/tests/crash/ledger.h"
#include "tandem/tests/crash/store_files.h"
#include "tandem/tests/support/random_seed.h"
#include "tandem/tests/support/temporary_directory.h"

namespace tandem {
namespace {

using testing::BatchName;
using testing::BatchPlan;
using testing::FileFault;

constexpr std::uint32_t kProducers = 6;

class IoErrorTest : public ::testing::Test {
 protected:
  IoErrorTest() { Open({}); }
  ~IoErrorTest() override { testing::DisarmFault(); }

  void Open(RocksDbOptions options) {
    options.mode = OpenMode::kCreateIfMissing;
    store_.reset();
    auto opened = RocksDbProvider::Open(directory_.path(), options);
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
  }

  // Each producer writes until it gets an error.
  struct Outcome {
    std::uint64_t acked = 0;  // its numbers up to this one
    Status last;
    bool refused_later = false;
  };
  std::vector<Outcome> LoadUntilItFails() {
    std::vector<Outcome> outcomes(kProducers);
    std::vector<std::jthread> threads;
    for (std::uint32_t i = 0; i < kProducers; ++i) {
      threads.emplace_back([this, i, &outcome = outcomes[i]] {
        while (outcome.last.ok()) {
          const BatchPlan plan({i, outcome.acked + 1});
          outcome.last = store_->AtomicBatch(plan.Operations(), {plan.durability}).status();
          if (outcome.last.ok()) ++outcome.acked;
        }
        outcome.refused_later =
            store_->AtomicBatch(BatchPlan({i, 1}).Operations()).status().code() ==
            StatusCode::kUnavailable;
      });
    }
    threads.clear();  // joins: nobody hangs
    return outcomes;
  }

  // Of the failed group `failure`, of the groups after it Unavailable.
  void ExpectAnswers(const std::vector<Outcome>& outcomes, StatusCode failure) {
    int failed = 0;
    for (const Outcome& outcome : outcomes) {
      const StatusCode code = outcome.last.code();
      EXPECT_TRUE(code == failure || code == StatusCode::kUnavailable) << outcome.last;
      failed += code == failure ? 1 : 0;
      EXPECT_TRUE(outcome.refused_later);
    }
    EXPECT_GT(failed, 0);
  }

  void ExpectStopped() {
    EXPECT_EQ(store_->Append({"entity", 0}, {"event"}).status().code(), StatusCode::kUnavailable);
    EXPECT_EQ(store_->Flush().code(), StatusCode::kUnavailable);
    for (const std::string& queue : {testing::kWorkQueue, std::string("none here")}) {
      EXPECT_EQ(store_->Dequeue(queue).status().code(), StatusCode::kUnavailable);
    }
    EXPECT_TRUE(store_->ReadAll(0, {}).ok()) << "reads go on";
  }

  void ExpectKept(const std::vector<Outcome>& outcomes) {
    Open({});
    const testing::StoreImage image = testing::ReadImage(*store_);
    for (std::uint32_t i = 0; i < kProducers; ++i) {
      for (std::uint64_t number = 1; number <= outcomes[i].acked; ++number) {
        EXPECT_TRUE(image.batches.contains({i, number}))
            << "lost: " << BatchName{i, number}.ToString();
      }
      // The one that failed may be there, nothing after it.
      EXPECT_FALSE(image.batches.contains({i, outcomes[i].acked + 2}));
    }
    EXPECT_TRUE(store_->Append({"entity", 0}, {"event"}).ok());
  }

  void FailUnderLoad(const FileFault& fault, StatusCode expected) {
    testing::ArmFault(fault);
    const auto outcomes = LoadUntilItFails();
    EXPECT_EQ(testing::FaultsInjected(), 1U);
    ExpectAnswers(outcomes, expected);
    ExpectStopped();
    testing::DisarmFault();
    ExpectStopped();  // also when the device works again
    ExpectKept(outcomes);
  }

  testing::TemporaryDirectory directory_;
  std::unique_ptr<RocksDbProvider> store_;
};

TEST_F(IoErrorTest, AnIndeterminateBatchThatIsRepeatedByItsIdIsAppliedOnce) {
  for (const FileFault::Call call : {FileFault::Call::kWrite, FileFault::Call::kSync}) {
    const StreamId stream{call == FileFault::Call::kWrite ? "write" : "flush", 0};
    const Batch operations = {AppendEvents{stream, {"e"}}, Enqueue{stream.entity, "message", {}}};
    const BatchOptions options{Durability::kSync, "batch of " + stream.entity};
    FileFault fault;
    fault.call = call;
    testing::ArmFault(fault);
    EXPECT_EQ(store_->AtomicBatch(operations, options).status().code(), StatusCode::kIndeterminate);
    testing::DisarmFault();
    Open({});
    const auto repeated = store_->AtomicBatch(operations, options);
    ASSERT_TRUE(repeated.ok()) << repeated.status();
    EXPECT_EQ(std::get<AppendResult>(repeated->operations[0]).version, 1U);
    EXPECT_EQ(store_->Read(stream, {})->head, 1U);
    DequeueOptions many;
    many.max_messages = 10;
    EXPECT_EQ(store_->Dequeue(stream.entity, many)->size(), 1U);
  }
}

TEST_F(IoErrorTest, AsynchronousBatchesAreAllAnswered) {
  constexpr int kBatches = 200;
  FileFault fault;
  fault.call = FileFault::Call::kSync;
  fault.countdown = 3;
  testing::ArmFault(fault);
  std::atomic<int> succeeded = 0;
  std::atomic<int> indeterminate = 0;
  std::latch answered(kBatches);
  std::function<void(int)> submit = [&](int number) {
    const AppendEvents append{{"entity", 0}, {"event"}};
    store_->AtomicBatchAsync({append}, {}, [&, number](const Result<BatchResult>& result) {
      if (result.ok()) ++succeeded;
      if (result.status().code() == StatusCode::kIndeterminate) ++indeterminate;
      if (number < kBatches) submit(number + 1);
      answered.count_down();
    });
  };
  submit(1);
  answered.wait();
  EXPECT_GT(indeterminate, 0);
  EXPECT_EQ(succeeded, 2);
  ExpectStopped();
  testing::DisarmFault();
  Open({});
  EXPECT_GE(store_->Read({"entity", 0}, {})->head, 2U);
}

class IoErrorAfter : public IoErrorTest, public ::testing::WithParamInterface<int> {};

TEST_P(IoErrorAfter, AFailedAppendIsIndeterminateAndStopsTheStore) {
  FileFault fault;
  fault.countdown = static_cast<std::uint64_t>(GetParam());
  FailUnderLoad(fault, StatusCode::kIndeterminate);
}

TEST_P(IoErrorAfter, ATornAppendIsIndeterminateAndStopsTheStore) {
  FileFault fault;
  fault.countdown = static_cast<std::uint64_t>(GetParam());
  fault.written = 40;
  FailUnderLoad(fault, StatusCode::kIndeterminate);
}

TEST_P(IoErrorAfter, AFailedFlushIsIndeterminateAndStopsTheStore) {
  FileFault fault;
  fault.call = FileFault::Call::kSync;
  fault.countdown = static_cast<std::uint64_t>(GetParam());
  FailUnderLoad(fault, StatusCode::kIndeterminate);
}

TEST_P(IoErrorAfter, AFullDiskIsNoSpaceAndStopsTheStore) {
  FileFault fault;
  fault.countdown = static_cast<std::uint64_t>(GetParam());
  fault.error = ENOSPC;
  fault.written = 100;
  FailUnderLoad(fault, StatusCode::kNoSpace);
}

// Half of the group's callers wait for a write that is under way when it fails.
TEST_F(IoErrorTest, ManyCallersOfAFailingGroupAllGetAnAnswer) {
  for (int round = 0; round < testing::ScaledRounds(10); ++round) {
    FileFault fault;
    fault.call = FileFault::Call::kSync;
    testing::ArmFault(fault);
    constexpr int kCallers = 40;
    std::atomic<int> indeterminate = 0;
    std::atomic<int> unavailable = 0;
    {
      std::vector<std::jthread> callers;
      for (int i = 0; i < kCallers; ++i) {
        callers.emplace_back([&, i] {
          const StreamId stream{"caller", static_cast<std::uint64_t>(i)};
          const StatusCode code = store_->Append(stream, {"event"}).status().code();
          indeterminate += code == StatusCode::kIndeterminate ? 1 : 0;
          unavailable += code == StatusCode::kUnavailable ? 1 : 0;
        });
      }
    }
    EXPECT_EQ(indeterminate + unavailable, kCallers);
    EXPECT_GT(indeterminate, 0);
    testing::DisarmFault();
    Open({});
  }
}

INSTANTIATE_TEST_SUITE_P(Calls, IoErrorAfter, ::testing::Values(1, 2, 17, 60));

// A full disk may show only when the log is flushed; the batch is in it by
// then.
TEST_F(IoErrorTest, AFullDiskLeavesABatchWholeOrNotAtAll) {
  for (const auto call : {FileFault::Call::kWrite, FileFault::Call::kSync}) {
    const bool sync = call == FileFault::Call::kSync;
    const StreamId stream{sync ? "sync" : "write", 0};
    ASSERT_TRUE(store_->Append(stream, {"before"}).ok());
    FileFault fault;
    fault.call = call;
    fault.error = ENOSPC;
    testing::ArmFault(fault);
    const Status failed = store_->Append(stream, {"first", "second"}).status();
    EXPECT_EQ(failed.code(), StatusCode::kNoSpace) << failed;
    EXPECT_EQ(store_->Read(stream, {})->head, 1U) << "not before reopening";
    Open({});
    // A record whose flush failed is in the log. RocksDB must not have moved on to a new log when
    // it saw space on the disk again.
    EXPECT_EQ(store_->Read(stream, {})->head, sync ? 3U : 1U);
  }
}

TEST_F(IoErrorTest, ABarrierThatFailsStopsTheStore) {
  ASSERT_TRUE(store_->Append({"entity", 0}, {"event"}, {.durability = Durability::kBuffered}).ok());
  FileFault fault;
  fault.call = FileFault::Call::kSync;
  testing::ArmFault(fault);
  EXPECT_EQ(store_->Flush().code(), StatusCode::kIndeterminate);
  ExpectStopped();
}

// A conflict rests on a buffered batch: its answer needs a flush of its own.
TEST_F(IoErrorTest, AConflictIsNotAnsweredOnWhatCouldNotBeFlushed) {
  ASSERT_TRUE(store_->Append({"entity", 0}, {"event"}, {.durability = Durability::kBuffered}).ok());
  FileFault fault;
  fault.call = FileFault::Call::kSync;
  testing::ArmFault(fault);
  EXPECT_EQ(
      store_->Append({"entity", 0}, {"other"}, {.expected = Expected::NoStream()}).status().code(),
      StatusCode::kIndeterminate);
  ExpectStopped();
}

// Tables are written in the background; the foreground hears of it with its
// next write.
TEST_F(IoErrorTest, AFailedTableWriteLosesNothing) {
  RocksDbOptions options;
  options.write_buffer_bytes = std::size_t{256} << 10;
  for (const int error : {EIO, ENOSPC}) {
    Open(options);
    FileFault fault;
    fault.suffix = ".sst";
    fault.error = error;
    fault.again = true;
    testing::ArmFault(fault);
    const StreamId stream{"big", static_cast<std::uint64_t>(error)};
    Version acked = 0;
    Status status;
    for (int i = 0; i < 2000 && status.ok(); ++i) {
      status =
          store_->Append(stream, {std::string(4096, 'x')}, {.durability = Durability::kBuffered})
              .status();
      acked += status.ok() ? 1 : 0;
    }
    std::cout << "after " << acked << " appends: " << status << std::endl;
    EXPECT_GT(testing::FaultsInjected(), 0U);
    EXPECT_FALSE(status.ok());
    EXPECT_EQ(store_->Read(stream, {})->head, acked);
    testing::DisarmFault();
    Open(options);
    const Version head = store_->Read(stream, {})->head;
    EXPECT_GE(head, acked);
    EXPECT_LE(head, acked + 1);
  }
}

// A read that fails is an error of that call, never a missing event; the store
// goes on.
TEST_F(IoErrorTest, AFailedReadIsAnErrorAndNothingElse) {
  for (std::uint64_t number = 1; number <= 100; ++number) {
    const BatchPlan plan({0, number});
    ASSERT_TRUE(store_->AtomicBatch(plan.Operations(), {Durability::kBuffered}).ok());
  }
  const Result<std::string> expected = testing::DumpStore(*store_, {}, {});
  ASSERT_TRUE(expected.ok()) << expected.status();
  RocksDbOptions options;
  options.block_cache_bytes = 0;
  Open(options);  // moves all from the log to tables
  int failed = 0;
  for (std::uint64_t countdown = 1; countdown <= 400; countdown += 3) {
    FileFault fault;
    fault.call = FileFault::Call::kRead;
    fault.suffix = ".sst";
    fault.countdown = countdown;
    testing::ArmFault(fault);
    const Result<std::string> dump = testing::DumpStore(*store_, {}, {});
    const auto messages = store_->Dequeue(testing::kWorkQueue);
    const auto written = store_->Append({"entity", 0}, {}, {.expected = Expected::NoStream()});
    failed += dump.ok() ? 0 : 1;
    testing::DisarmFault();
    for (const Status& status : {dump.status(), messages.status(), written.status()}) {
      EXPECT_TRUE(status.ok() || status.code() == StatusCode::kIoError)
          << status << " at read " << countdown;
    }
    if (dump.ok()) {
      EXPECT_TRUE(*dump == *expected) << "at read " << countdown;
    }
    if (messages.ok()) {
      EXPECT_EQ(messages->size(), 1U) << "at read " << countdown;
    }
    if (messages.ok() && !messages->empty()) {
      EXPECT_TRUE(store_->Abandon(messages->front().lock_token).ok());
    }
  }
  std::cout << failed << " reads failed" << std::endl;
  EXPECT_GT(failed, 0);
  EXPECT_TRUE(store_->Append({"entity", 0}, {"event"}).ok());
}

// What a file system may lose without a word, where the log is copied.
TEST_F(IoErrorTest, ACheckpointThatLacksChangesIsRefusedAndNothingIsLeftOfIt) {
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(store_->Append({"entity", 0}, {"event"}).ok());
  const testing::TemporaryDirectory copies;
  const auto copy = copies.path() / "copy";
  FileFault fault;
  fault.error = 0;
  testing::ArmFault(fault);
  const Status status = store_->admin()->Checkpoint(copy);
  EXPECT_EQ(testing::FaultsInjected(), 1U);
  testing::DisarmFault();
  EXPECT_EQ(status.code(), StatusCode::kCorruption) << status;
  EXPECT_TRUE(std::filesystem::is_empty(copies.path()));
  EXPECT_TRUE(store_->admin()->Checkpoint(copy).ok());
  EXPECT_TRUE(store_->Append({"entity", 0}, {"event"}).ok()) << "the store goes on";
}

TEST_F(IoErrorTest, AnOpenThatFailsCanBeTriedAgain) {
  ASSERT_TRUE(store_->Append({"entity", 0}, {"event"}).ok());
  store_.reset();
  for (const auto call : {FileFault::Call::kWrite, FileFault::Call::kSync}) {
    for (const char* suffix : {".log", ".sst", ""}) {
      for (std::uint64_t countdown = 1; countdown <= 12; ++countdown) {
        FileFault fault;
        fault.call = call;
        fault.suffix = suffix;
        fault.countdown = countdown;
        testing::ArmFault(fault);
        auto failed = RocksDbProvider::Open(directory_.path(), OpenMode::kCreateIfMissing);
        const bool injected = testing::FaultsInjected() > 0;
        testing::DisarmFault();
        if (failed.ok()) {
          ASSERT_TRUE((*failed)->Append({"entity", 0}, {}).ok() || injected);
          failed->reset();
        }
        Open({});
        ASSERT_EQ(store_->Read({"entity", 0}, {})->head, 1U) << suffix << " call " << countdown;
        store_.reset();
        if (!injected) break;
      }
    }
  }
}

}  // namespace
}  // namespace tandem
