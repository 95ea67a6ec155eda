// A process that runs out of memory within a call: each allocation of it is refused once, alone and
// with all that follow. Every call ends, in a typed error or in std::bad_alloc where nothing was
// done; what was acknowledged is there when the store is opened again.

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <latch>
#include <memory>
#include <new>
#include <optional>
#include <string>

#include "tandem/batch/provider_admin.h"
#include "tandem/batch/rocksdb_provider.h"
#include "tandem/tests/crash/file_faults.h"
#include "tandem/tests/support/memory_faults.h"
#include "tandem/tests/support/temporary_directory.h"

namespace tandem {
namespace {

class MemoryFaultTest : public ::testing::TestWithParam<bool> {
 protected:
  MemoryFaultTest() {
    testing::SkipSyncs(true);
    testing::RefuseOnThisThread();
    Open();
  }
  ~MemoryFaultTest() override { testing::SkipSyncs(false); }

  void Open() {
    auto opened = RocksDbProvider::Open(path_, OpenMode::kCreateIfMissing);
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
    // On each of the provider's threads: each blocks until all of them are there.
    constexpr int kProviderThreads = 4;
    const auto all = std::make_shared<std::latch>(kProviderThreads + 1);
    for (int i = 0; i < kProviderThreads; ++i) {
      store_->ReadAsync(stream_, {}, [all](const Result<EventPage>&) {
        testing::RefuseOnThisThread();
        all->arrive_and_wait();
      });
    }
    all->arrive_and_wait();
  }

  // As a process that is started anew finds the store: of one that is broken, this process does not
  // let go.
  void Reopen() {
    store_.reset();
    if (RocksDbProvider::Open(path_, OpenMode::kCreateIfMissing).status().code() ==
        StatusCode::kUnavailable) {
      ++broken_;
      const auto copy = directory_.path() / std::to_string(broken_);
      testing::WithFilesFrozen([&] {
        std::filesystem::copy(path_, copy);
        GiveBackSpace(path_);
      });
      path_ = copy;
    }
    Open();
  }

  // Of a store that nothing uses any more. Its log took 72 MB in advance, and as this process holds
  // its files, removing them would not give that back.
  static void GiveBackSpace(const std::filesystem::path& store) {
    for (const auto& file : std::filesystem::directory_iterator(store)) {
      std::filesystem::resize_file(file, 0);
    }
  }

  // With a store that has no tables to compact: where RocksDB itself does something meanwhile, its
  // destructors need memory, which ends the process.
  void StartAnew() {
    store_.reset();
    std::filesystem::remove_all(path_);
    path_ = directory_.path() / ("new " + std::to_string(++anew_));
    events_ = 0;
    Open();
    if (set_up_) set_up_();
  }

  // What a call has ended in; nothing where it threw std::bad_alloc.
  using Outcome = std::optional<Status>;

  // Makes the call with its first allocation refused, then with its second, and so on until it
  // needs no more. `sound` is asked each time whether the store holds what it should.
  void RefuseEach(const std::function<Status()>& call,
                  const std::function<void(const Outcome&)>& sound) {
    for (std::uint64_t nth = 1;; ++nth) {
      ASSERT_LT(nth, 2000U);
      SCOPED_TRACE("allocation " + std::to_string(nth));
      Outcome outcome;
      std::uint64_t refused = 0;
      {
        const testing::RefusedMemory memory(nth, GetParam());
        try {
          outcome = call();
        } catch (const std::bad_alloc&) {
        }
        refused = memory.count();
      }
      if (refused == 0) {
        EXPECT_TRUE(outcome.has_value() && outcome->ok());
        return;
      }
      if (outcome.has_value() && !outcome->ok()) {
        EXPECT_TRUE(outcome->code() == StatusCode::kUnavailable ||
                    outcome->code() == StatusCode::kIndeterminate)
            << *outcome;
      }
      const Status flushed = store_->Flush();
      if (!flushed.ok()) {
        EXPECT_EQ(flushed.code(), StatusCode::kUnavailable) << flushed;
        ++stops_;
        ASSERT_NO_FATAL_FAILURE(Reopen());
      }
      sound(outcome);
      if (HasFatalFailure() || HasNonfatalFailure()) return;
      ASSERT_NO_FATAL_FAILURE(StartAnew());
    }
  }

  void ExpectEvents(const Outcome& outcome) {
    const auto page = store_->Read(stream_, {});
    ASSERT_TRUE(page.ok()) << page.status();
    const bool acknowledged = outcome.has_value() && outcome->ok();
    if (acknowledged) ++events_;
    // What was not acknowledged may be there if it may have been written.
    const bool indeterminate = outcome.has_value() && outcome->code() == StatusCode::kIndeterminate;
    if (indeterminate && page->head == events_ + 1) ++events_;
    EXPECT_EQ(page->head, events_);
    EXPECT_TRUE(store_->admin()->Verify().ok());
  }

  void Enqueue() {
    ASSERT_TRUE(store_->Enqueue("queue", "a message that is too long for a short string").ok());
  }

  template <typename Page>
  std::function<void(Result<Page>)> Answer() {
    answered_ = std::make_unique<std::latch>(1);
    return [this](const Result<Page>& result) {
      answer_ = result.status();
      answered_->count_down();
    };
  }

  // What the callback was given.
  Status AwaitAnswer() {
    answered_->wait();
    return answer_;
  }

  testing::TemporaryDirectory directory_;
  std::filesystem::path path_ = directory_.path() / "store";
  std::unique_ptr<RocksDbProvider> store_;
  const StreamId stream_{"account-1", 0};
  Version events_ = 0;
  int stops_ = 0;
  int broken_ = 0;
  int anew_ = 0;
  std::function<void()> set_up_;  // of each store
  Status answer_;
  std::unique_ptr<std::latch> answered_;
};

TEST_P(MemoryFaultTest, AnAppendEndsAndWhatWasAcknowledgedIsThere) {
  RefuseEach([this] { return store_->Append(stream_, {"an event"}).status(); },
             [this](const Outcome& outcome) { ExpectEvents(outcome); });
  EXPECT_GT(stops_, 0) << "none was refused while the store held the latch";
}

TEST_P(MemoryFaultTest, ABatchOfBothKindsEndsWholeOrNotAtAll) {
  RefuseEach(
      [this] {
        return store_
            ->AtomicBatch(
                {AppendEvents{stream_, {"an event"}},
                 UpdateMetadata{stream_, {{"key", "value"}}, {}},
                 tandem::Enqueue{"queue", "a message that is too long for a short string", {}}})
            .status();
      },
      [this](const Outcome& outcome) {
        ExpectEvents(outcome);
        const auto statistics = store_->admin()->Statistics("queue");
        ASSERT_TRUE(statistics.ok()) << statistics.status();
        EXPECT_EQ(statistics->ready, events_);
      });
  EXPECT_GT(stops_, 0);
}

TEST_P(MemoryFaultTest, AnAsynchronousBatchIsAnsweredOrThrows) {
  RefuseEach(
      [this] {
        store_->AtomicBatchAsync({AppendEvents{stream_, {"an event"}}}, {}, Answer<BatchResult>());
        return AwaitAnswer();
      },
      [this](const Outcome& outcome) { ExpectEvents(outcome); });
  EXPECT_GT(stops_, 0);
}

TEST_P(MemoryFaultTest, ADequeueEndsAndLosesNothing) {
  set_up_ = [this] { Enqueue(); };
  Enqueue();
  RefuseEach([this] { return store_->Dequeue("queue", {}).status(); },
             [&](const Outcome& outcome) {
               // What was delivered, and what was leased while the answer was lost, is leased.
               ASSERT_NO_FATAL_FAILURE(Reopen());
               const auto statistics = store_->admin()->Statistics("queue");
               ASSERT_TRUE(statistics.ok()) << statistics.status();
               EXPECT_EQ(statistics->ready, 1U) << outcome.has_value();
             });
}

TEST_P(MemoryFaultTest, AnAsynchronousDequeueIsAnsweredOrThrows) {
  set_up_ = [this] { Enqueue(); };
  Enqueue();
  RefuseEach(
      [this] {
        store_->DequeueAsync({"queue"}, {}, Answer<std::vector<Delivery>>());
        return AwaitAnswer();
      },
      [&](const Outcome& /*outcome*/) {
        ASSERT_NO_FATAL_FAILURE(Reopen());
        EXPECT_EQ(store_->admin()->Statistics("queue")->ready, 1U);
      });
}

// It sets an alarm, which takes memory, too.
TEST_P(MemoryFaultTest, AnAsynchronousReadThatWaitsIsAnsweredOrThrows) {
  std::stop_source stop;
  RefuseEach(
      [this, &stop] {
        ReadOptions options;
        options.wait = std::chrono::hours(1);
        options.stop = stop.get_token();
        store_->ReadAsync(stream_, options, Answer<EventPage>());
        stop.request_stop();
        return AwaitAnswer();
      },
      [&](const Outcome& outcome) {
        stop = std::stop_source();
        ExpectEvents(outcome.has_value() && !outcome->ok() ? outcome : Outcome());
      });
}

INSTANTIATE_TEST_SUITE_P(, MemoryFaultTest, ::testing::Bool(), [](const auto& info) {
  return info.param ? "ItAndAllThatFollow" : "ItAlone";
});

}  // namespace
}  // namespace tandem

// A thread within whose call RocksDB found no memory may end the process when it ends itself
// (docs/operating.md). So this process ends without what its threads would do at their end.
int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  const int result = RUN_ALL_TESTS();
  std::fflush(nullptr);
  std::quick_exit(result);
}
