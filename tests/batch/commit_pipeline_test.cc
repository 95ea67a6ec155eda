// The commit pipeline by itself, held still by proposals that block.

#include "tandem/batch/internal/rocks/commit_pipeline.h"

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <atomic>
#include <deque>
#include <latch>
#include <memory>
#include <new>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tandem/base/manual_clock.h"
#include "tandem/tests/support/temporary_directory.h"

namespace tandem {
namespace {

using internal::CommitPipeline;

constexpr internal::GroupStamp kBegin{.incarnation = 1};

class CommitPipelineTest : public ::testing::Test {
 protected:
  CommitPipelineTest() {
    rocksdb::Options options;
    options.create_if_missing = true;
    rocksdb::DB* db = nullptr;
    EXPECT_TRUE(rocksdb::DB::Open(options, directory_.path(), &db).ok());
    db_.reset(db);
    pipeline_ = std::make_unique<CommitPipeline>(db, std::vector{db->DefaultColumnFamily()},
                                                 &clock_, &executor_, kBegin, [] {});
  }

  // Puts one key; every hook may be replaced.
  class TestProposal : public Proposal {
   public:
    TestProposal(CommitPipelineTest& test, std::string key,
                 Durability durability = Durability::kSync)
        : Proposal(durability), test_(test), key_(std::move(key)) {}

    Status Stage(Staging& staging, Timestamp /*now*/) override {
      staging.Put(family(), key_, "staged");
      CountStaged();
      return Status::Ok();
    }

   protected:
    rocksdb::ColumnFamilyHandle* family() const { return test_.db_->DefaultColumnFamily(); }
    void CountStaged() { test_.staged_.release(); }

    CommitPipelineTest& test_;
    const std::string key_;
  };

  // Blocks when it is published: its group is written, and stays in flight until Release.
  class Plug final : public TestProposal {
   public:
    explicit Plug(CommitPipelineTest& test) : TestProposal(test, "plug") {}
    void Publish() override {
      published_.count_down();
      released_.wait();
    }
    void AwaitPublished() { published_.wait(); }
    void Release() { released_.count_down(); }

   private:
    std::latch published_{1};
    std::latch released_{1};
  };

  bool Has(const std::string& key) {
    std::string value;
    return db_->Get(rocksdb::ReadOptions(), key, &value).ok();
  }

  ManualClock clock_;
  testing::TemporaryDirectory directory_;
  std::unique_ptr<rocksdb::DB> db_;
  std::unique_ptr<CommitPipeline> pipeline_;
  Executor executor_{&clock_, 4};  // destroyed before the pipeline
  std::counting_semaphore<> staged_{0};
};

TEST_F(CommitPipelineTest, CallersThatWaitDuringAFlushShareTheNext) {
  constexpr int kCallers = 32;
  Plug plug(*this);
  std::jthread first([&] { EXPECT_TRUE(pipeline_->Commit(plug).ok()); });
  plug.AwaitPublished();
  staged_.acquire();
  std::vector<std::jthread> callers;
  for (int i = 0; i < kCallers; ++i) {
    callers.emplace_back([this, i] {
      TestProposal proposal(*this, "key " + std::to_string(i));
      EXPECT_TRUE(pipeline_->Commit(proposal).ok());
      EXPECT_TRUE(Has("key " + std::to_string(i)));
    });
  }
  // The next group's leader wakes for eight callers at a time: up to seven are late.
  constexpr int kLate = 7;
  for (int i = 0; i < kCallers - kLate; ++i) staged_.acquire();
  EXPECT_EQ(pipeline_->Counts().flushes, 1U) << "staged, but the plug still holds the device";
  EXPECT_FALSE(Has("key 0"));
  plug.Release();
  callers.clear();  // joins
  EXPECT_LE(pipeline_->Counts().flushes, 2U + kLate) << "one for the plug, one for all in time";
  EXPECT_LE(pipeline_->Counts().groups, 2U + kLate);
}

TEST_F(CommitPipelineTest, TheNextGroupSeesWhatIsStillInFlight) {
  class Reader final : public TestProposal {
   public:
    explicit Reader(CommitPipelineTest& test) : TestProposal(test, "plug", Durability::kBuffered) {}
    Status Stage(Staging& staging, Timestamp /*now*/) override {
      const auto value = staging.Get(family(), key_);
      EXPECT_TRUE(value.ok() && value->has_value() && **value == "staged");
      staging.Delete(family(), key_);
      EXPECT_FALSE(staging.Get(family(), key_)->has_value());
      CountStaged();
      return Status::Ok();
    }
  };
  Plug plug(*this);
  std::jthread first([&] { EXPECT_TRUE(pipeline_->Commit(plug).ok()); });
  plug.AwaitPublished();
  staged_.acquire();
  std::jthread second([&] {
    Reader reader(*this);
    EXPECT_TRUE(pipeline_->Commit(reader).ok());
  });
  staged_.acquire();
  EXPECT_TRUE(Has("plug"));
  plug.Release();
  second.join();
  EXPECT_FALSE(Has("plug"));
}

TEST_F(CommitPipelineTest, ProposalsArePublishedInTheirOrderBeforeTheyAreAnswered) {
  class Numbered final : public TestProposal {
   public:
    Numbered(CommitPipelineTest& test, std::atomic<int>& staged, std::atomic<int>& published)
        : TestProposal(test, "k"), staged_(staged), published_(published) {}
    Status Stage(Staging& staging, Timestamp now) override {
      number_ = staged_++;
      return TestProposal::Stage(staging, now);
    }
    void Publish() override {
      EXPECT_EQ(published_++, number_);
      done = true;
    }
    bool done = false;

   private:
    std::atomic<int>& staged_;
    std::atomic<int>& published_;
    int number_ = 0;
  };
  std::atomic<int> staged = 0;
  std::atomic<int> published = 0;
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 8; ++i) {
      callers.emplace_back([&] {
        for (int j = 0; j < 50; ++j) {
          Numbered proposal(*this, staged, published);
          ASSERT_TRUE(pipeline_->Commit(proposal).ok());
          ASSERT_TRUE(proposal.done);
        }
      });
    }
  }
  EXPECT_EQ(published, 400);
}

TEST_F(CommitPipelineTest, AFailedStageStopsTheStoreAndWritesNothing) {
  class Broken final : public TestProposal {
   public:
    explicit Broken(CommitPipelineTest& test) : TestProposal(test, "broken") {}
    Status Stage(Staging& staging, Timestamp now) override {
      EXPECT_TRUE(TestProposal::Stage(staging, now).ok());
      return Status::Corruption("a record", "damaged");
    }
    void Publish() override { ADD_FAILURE() << "published"; }
  };
  Broken broken(*this);
  EXPECT_EQ(pipeline_->Commit(broken).code(), StatusCode::kCorruption);
  EXPECT_FALSE(Has("broken"));
  TestProposal later(*this, "later");
  EXPECT_EQ(pipeline_->Commit(later).code(), StatusCode::kUnavailable);
  EXPECT_FALSE(Has("later"));
}

TEST_F(CommitPipelineTest, AnExceptionInAGroupStopsTheStoreAndLeavesNobodyWaiting) {
  class Throws final : public TestProposal {
   public:
    Throws(CommitPipelineTest& test, bool published)
        : TestProposal(test, "throws"), published_(published) {}
    Status Stage(Staging& staging, Timestamp now) override {
      if (!published_) throw std::bad_alloc();
      return TestProposal::Stage(staging, now);
    }
    void Publish() override { throw std::runtime_error("within Publish"); }

   private:
    const bool published_;
  };
  for (const bool published : {false, true}) {
    CommitPipeline pipeline(db_.get(), {db_->DefaultColumnFamily()}, &clock_, &executor_, kBegin,
                            [] {});
    Throws throws(*this, published);
    EXPECT_EQ(pipeline.Commit(throws).code(),
              published ? StatusCode::kIndeterminate : StatusCode::kUnavailable);
    TestProposal later(*this, "later");
    EXPECT_EQ(pipeline.Commit(later).code(), StatusCode::kUnavailable);
    std::latch answered(1);
    pipeline.CommitAsync(later, [&answered](const Status& status) {
      EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status;
      answered.count_down();
    });
    answered.wait();
    EXPECT_EQ(Has("throws"), published);
    EXPECT_FALSE(Has("later"));
  }
}

TEST_F(CommitPipelineTest, AfterAFailedStageThoseInFlightAreStillAnsweredAndThoseBehindAreNot) {
  class Broken final : public TestProposal {
   public:
    explicit Broken(CommitPipelineTest& test) : TestProposal(test, "broken") {}
    Status Stage(Staging& staging, Timestamp now) override {
      EXPECT_TRUE(TestProposal::Stage(staging, now).ok());
      return Status::Corruption("a record", "damaged");
    }
  };
  Plug plug(*this);
  std::jthread first([&] { EXPECT_TRUE(pipeline_->Commit(plug).ok()) << "it was written before"; });
  plug.AwaitPublished();
  staged_.acquire();
  std::jthread second([&] {
    Broken broken(*this);
    EXPECT_EQ(pipeline_->Commit(broken).code(), StatusCode::kCorruption);
  });
  staged_.acquire();
  std::vector<std::jthread> others;
  for (int i = 0; i < 8; ++i) {
    others.emplace_back([&] {
      TestProposal other(*this, "other");
      EXPECT_EQ(pipeline_->Commit(other).code(), StatusCode::kUnavailable);
    });
  }
  plug.Release();
  second.join();
  others.clear();
  EXPECT_FALSE(Has("broken"));
  EXPECT_FALSE(Has("other"));
}

TEST_F(CommitPipelineTest, AnAsynchronousProposalIsAnsweredOnAThreadOfTheExecutor) {
  TestProposal proposal(*this, "key");
  std::latch answered(1);
  std::thread::id thread;
  pipeline_->CommitAsync(proposal, [&](const Status& status) {
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_TRUE(Has("key"));
    thread = std::this_thread::get_id();
    answered.count_down();
  });
  answered.wait();
  EXPECT_NE(thread, std::this_thread::get_id());
}

TEST_F(CommitPipelineTest, AsynchronousProposalsShareTheFlushWithoutAThreadEach) {
  constexpr int kProposals = 1000;
  Plug plug(*this);
  std::jthread first([&] { EXPECT_TRUE(pipeline_->Commit(plug).ok()); });
  plug.AwaitPublished();
  std::deque<TestProposal> proposals;
  std::latch answered(kProposals);
  for (int i = 0; i < kProposals; ++i) {
    proposals.emplace_back(*this, "key " + std::to_string(i));
    pipeline_->CommitAsync(proposals.back(), [&](const Status& status) {
      EXPECT_TRUE(status.ok()) << status;
      answered.count_down();
    });
  }
  plug.Release();
  answered.wait();
  EXPECT_TRUE(Has("key 999"));
  EXPECT_LE(pipeline_->Counts().flushes, 3U) << "one for the plug, one for all, one for late ones";
}

// So one that blocks holds back those behind it, and nobody of another group.
TEST_F(CommitPipelineTest, CallbacksOfAGroupComeOneAfterTheOtherOnOneThread) {
  Plug plug(*this);
  std::jthread leader([&] { EXPECT_TRUE(pipeline_->Commit(plug).ok()); });
  plug.AwaitPublished();
  TestProposal first(*this, "first");
  TestProposal second(*this, "second");
  TestProposal other(*this, "of another group");
  std::thread::id thread;
  std::atomic<bool> second_answered = false;
  std::latch first_called(1);
  std::latch other_answered(1);
  std::latch answered(2);
  pipeline_->CommitAsync(first, [&](const Status&) {
    first_called.count_down();
    other_answered.wait();
    EXPECT_FALSE(second_answered);
    thread = std::this_thread::get_id();
    answered.count_down();
  });
  pipeline_->CommitAsync(second, [&](const Status&) {
    second_answered = true;
    EXPECT_EQ(thread, std::this_thread::get_id());
    answered.count_down();
  });
  plug.Release();
  first_called.wait();
  pipeline_->CommitAsync(other, [&](const Status&) { other_answered.count_down(); });
  answered.wait();
}

TEST_F(CommitPipelineTest, ACallerLeadsAlsoForAsynchronousOnesWhenTheExecutorIsBusy) {
  // Shared: a thread may be late to leave, or even to begin.
  const auto released = std::make_shared<std::latch>(1);
  for (int i = 0; i < 4; ++i) executor_.Post([released] { released->wait(); });
  TestProposal waiting(*this, "asynchronous");
  std::latch answered(1);
  pipeline_->CommitAsync(waiting, [&answered](const Status&) { answered.count_down(); });
  TestProposal proposal(*this, "blocking");
  EXPECT_TRUE(pipeline_->Commit(proposal).ok());
  EXPECT_TRUE(Has("asynchronous"));
  EXPECT_EQ(pipeline_->Counts().groups, 1U);
  EXPECT_FALSE(answered.try_wait());
  released->count_down();
  answered.wait();
}

TEST_F(CommitPipelineTest, BothKindsUnderLoadAreAllAnswered) {
  constexpr int kThreads = 4;
  constexpr int kEach = 200;
  std::latch answered(kThreads * kEach);
  std::vector<std::deque<TestProposal>> asynchronous(kThreads);
  std::vector<std::jthread> threads;
  for (auto& proposals : asynchronous) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        proposals.emplace_back(*this, "a");
        pipeline_->CommitAsync(proposals.back(), [&answered](const Status& status) {
          EXPECT_TRUE(status.ok()) << status;
          answered.count_down();
        });
        TestProposal blocking(*this, "b");
        EXPECT_TRUE(pipeline_->Commit(blocking).ok());
      }
    });
  }
  answered.wait();
}

TEST_F(CommitPipelineTest, AfterTheStopAsynchronousOnesAreAnsweredToo) {
  class Broken final : public TestProposal {
   public:
    explicit Broken(CommitPipelineTest& test) : TestProposal(test, "broken") {}
    Status Stage(Staging& /*staging*/, Timestamp /*now*/) override {
      return Status::Corruption("a record", "damaged");
    }
  };
  Broken broken(*this);
  TestProposal later(*this, "later");
  std::latch answered(2);
  pipeline_->CommitAsync(broken, [&](const Status& status) {
    EXPECT_EQ(status.code(), StatusCode::kCorruption) << status;
    answered.count_down();
    pipeline_->CommitAsync(later, [&](const Status& refused) {
      EXPECT_EQ(refused.code(), StatusCode::kUnavailable) << refused;
      answered.count_down();
    });
  });
  answered.wait();
  EXPECT_FALSE(Has("later"));
}

}  // namespace
}  // namespace tandem
