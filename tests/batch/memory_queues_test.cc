// What a call of the in-memory queues looks at does not grow with what is leased, hidden or
// waiting.

#include "tandem/batch/internal/memory/memory_queues.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace tandem::internal {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr int kMany = 20'000;
constexpr std::uint64_t kFew = 4;  // entries that one message, taken, may make a call look at

class MemoryQueuesTest : public ::testing::Test {
 protected:
  MemoryQueuesTest() { queues_.OpenAgain(now_); }

  void Put(const std::string& group) {
    queues_.Apply(Enqueue{"q", "x", {.group = group}}, now_, {});
  }
  // Takes one, and expects it to have looked at few.
  LockToken TakeOne() {
    const std::uint64_t before = queues_.looked_at();
    const auto deliveries = queues_.Take(names_, {.lease = hours(1)}, now_);
    EXPECT_LE(queues_.looked_at() - before, kFew);
    EXPECT_EQ(deliveries.size(), 1u);
    return deliveries.empty() ? LockToken() : deliveries.front().lock_token;
  }
  void ExpectNothing() {
    const std::uint64_t before = queues_.looked_at();
    EXPECT_TRUE(queues_.Take(names_, {}, now_).empty());
    queues_.NextReady(names_);
    EXPECT_LE(queues_.looked_at() - before, kFew);
  }
  // Into a queue of its own, for LookAround.
  void PutBefore() { queues_.Apply(Enqueue{"before", "", {}}, now_, {}); }
  // A call that finds the leases that have run out, and takes nothing of theirs: the message of
  // another queue stands before it. REQUIRES: PutBefore before all others, once for each call
  void LookAround() {
    const std::vector<std::string> names = {"q", "before"};
    const auto deliveries = queues_.Take(names, {.max_messages = 1}, now_);
    ASSERT_EQ(deliveries.size(), 1u);
    EXPECT_EQ(deliveries.front().queue, "before");
  }
  // A batch of one operation.
  template <typename Operation>
  void Do(const Operation& operation) {
    MemoryQueues::Judged judged;
    ASSERT_TRUE(queues_.Check(operation, judged).ok());
    queues_.Apply(operation, now_, judged);
    queues_.DropEmpty();
  }

  const std::vector<std::string> names_ = {"q"};
  Timestamp now_ = Timestamp(hours(1'000));
  MemoryQueues queues_;
};

std::string Group(int number) { return "group " + std::to_string(number); }

TEST_F(MemoryQueuesTest, MessagesBehindManyLeasedOnesAreFoundAtOnce) {
  for (int i = 0; i < kMany; ++i) Put("");
  for (int i = 0; i < kMany; ++i) TakeOne();
  ExpectNothing();
  Put("");
  TakeOne();
}

TEST_F(MemoryQueuesTest, GroupsBehindManyLeasedOnesAreFoundAtOnce) {
  for (int i = 0; i < kMany; ++i) Put(Group(i));
  for (int i = 0; i < kMany; ++i) TakeOne();
  for (int i = 0; i < kMany; ++i) Put(Group(i));  // which their leases hide
  ExpectNothing();
  Put("another");
  TakeOne();
}

TEST_F(MemoryQueuesTest, GroupsBehindManyHiddenOnesAreFoundAtOnce) {
  for (int i = 0; i < kMany; ++i) {
    Put(Group(i));
    Do(AbandonMessages{TakeOne(), hours(1), true});
  }
  ExpectNothing();
  Put("another");
  TakeOne();
  now_ += hours(1);
  for (int i = 0; i <= kMany; ++i) TakeOne();
}

TEST_F(MemoryQueuesTest, LeasesThatRunOutAreLookedAtOnceEach) {
  for (int i = 0; i < kMany; ++i) Put(i % 2 == 0 ? "" : Group(i));
  for (int i = 0; i < kMany; ++i) TakeOne();
  now_ += hours(2);
  EXPECT_EQ(queues_.NextReady(names_), now_ - hours(1));
  const std::uint64_t before = queues_.looked_at();
  EXPECT_EQ(queues_.Take(names_, {.lease = hours(1)}, now_).size(), 1u);
  EXPECT_LE(queues_.looked_at() - before, kMany + kFew);
  for (int i = 1; i < kMany; ++i) TakeOne();
  ExpectNothing();
}

// It is the holder's until somebody takes it.
TEST_F(MemoryQueuesTest, LeaseThatHasRunOutIsRenewedAsIfItHadNot) {
  for (const char* group : {"", "g"}) {
    PutBefore();
    Put(group);
    const LockToken token = TakeOne();
    now_ += hours(2);
    LookAround();
    EXPECT_EQ(queues_.Renew(token, seconds(9), now_).value(), now_ + seconds(9));
    ExpectNothing();
    Do(DeleteMessages{token});
  }
  EXPECT_EQ(queues_.Names(), std::set<std::string>{"before"}) << "leased, both";
}

TEST_F(MemoryQueuesTest, ClockThatGoesBackLetsALeaseRunAgain) {
  PutBefore();
  Put("");
  TakeOne();
  now_ += hours(2);
  LookAround();
  now_ -= hours(2);
  ExpectNothing();
  EXPECT_EQ(queues_.NextReady(names_), now_ + hours(1));
  now_ += hours(1);
  TakeOne();
}

TEST_F(MemoryQueuesTest, GroupWhoseLeaseRanOutStandsWhereItsFirstMessageIs) {
  PutBefore();
  Put("g");
  TakeOne();
  now_ += hours(2);
  Put("");   // behind the group
  Put("g");  // behind that one
  LookAround();
  EXPECT_EQ(queues_.Take(names_, {.max_messages = 9, .max_groups = 9}, now_).front().group, "g");
}

TEST_F(MemoryQueuesTest, MessageThatLeavesAGroupWhoseLeaseRanOutLeavesTheOthersReady) {
  PutBefore();
  Put("g");
  TakeOne();
  now_ += hours(2);
  queues_.Apply(Enqueue{"q", "y", {.group = "g", .key = "k"}}, now_, {});
  LookAround();
  Do(CancelMessage{"q", "k"});
  TakeOne();
}

}  // namespace
}  // namespace tandem::internal
