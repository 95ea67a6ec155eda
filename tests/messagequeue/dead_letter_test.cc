// Dead letters by the thousand: one call moves them all.

#include <string>

#include "tandem/batch/provider_admin.h"
#include "tandem/tests/messagequeue/queue_fixture.h"

namespace tandem {
namespace {

class DeadLetterTest : public testing::QueueTest {};

TEST_F(DeadLetterTest, AThousandOfThemAreMovedByOneCall) {
  Batch batch;
  for (int i = 0; i < 1000; ++i) batch.Add(Enqueue{"work", "bad", {}});
  ASSERT_TRUE(store_->AtomicBatch(std::move(batch)).ok());
  int delivered = 0;
  while (!Take("work", {.lease = kSecond, .max_messages = 500}).empty()) ++delivered;
  EXPECT_GE(delivered, 2);
  clock_.Advance(kSecond);
  Put("work", "good");
  EXPECT_EQ(TakeTexts("work", {.max_messages = 10, .max_deliveries = 1}), Texts{"good"});
  EXPECT_EQ(store_->admin()->Statistics("work")->dead, 1000U);
}

TEST_F(DeadLetterTest, AGroupOfAThousandIsMovedByOneCall) {
  Batch batch;
  for (int i = 0; i < 1000; ++i) {
    batch.Add(Enqueue{"work", std::to_string(i), {.group = "g"}});
  }
  ASSERT_TRUE(store_->AtomicBatch(std::move(batch)).ok());
  ASSERT_EQ(Take("work", {.lease = kSecond, .max_messages = 1000}).size(), 1000U);
  clock_.Advance(kSecond);
  Put("work", "good", {.group = "g"});
  EXPECT_EQ(TakeTexts("work", {.max_messages = 10, .max_deliveries = 1}), Texts{"good"});
  const auto letters = Take("work/dead", {.max_messages = 1000});
  ASSERT_EQ(letters.size(), 1000U);
  EXPECT_EQ(letters[999].payload, "999");
}

}  // namespace
}  // namespace tandem
