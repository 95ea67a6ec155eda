// Groups: what a cancel among many members costs.

#include <string>

#include "tandem/tests/messagequeue/queue_fixture.h"

namespace tandem {
namespace {

class GroupTest : public testing::QueueTest {
 protected:
  MessageId PutIn(const std::string& group, const std::string& payload,
                  std::chrono::milliseconds delay = {}) {
    return Put("work", payload, {.delay = delay, .group = group});
  }

  static DequeueOptions All() { return {.max_messages = 100}; }
};

TEST_F(GroupTest, CancellingManyBehindALiveMemberWalksOverNoneOfThem) {
  constexpr int kMembers = 30'000;
  PutIn("g", "first");
  Batch enqueues;
  Batch cancels;
  for (int i = 0; i < kMembers; ++i) {
    const std::string key = std::to_string(i);
    enqueues.Add(
        Enqueue{"work", "late", {.delay = std::chrono::hours(1), .group = "g", .key = key}});
    cancels.Add(CancelMessage{"work", key});
  }
  ASSERT_TRUE(store_->AtomicBatch(std::move(enqueues)).ok());
  const auto start = std::chrono::steady_clock::now();
  ASSERT_TRUE(store_->AtomicBatch(std::move(cancels)).ok());
  // Takes 0.3 s; a walk over what is staged at each of them takes more than a minute.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
  EXPECT_EQ(TakeTexts("work", All()), Texts{"first"});
}

}  // namespace
}  // namespace tandem
