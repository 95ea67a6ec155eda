// What a queue costs in memory: nothing, unless it has messages or somebody waits.

#include <gtest/gtest.h>

#include <string>

#include "tandem/tests/messagequeue/queue_rig.h"

namespace tandem {
namespace {

using QueueMemoryTest = testing::QueueRigTest;

std::string Name(int number) { return "queue " + std::to_string(number); }

TEST_F(QueueMemoryTest, QueuesThatWereUsedOnceCostNothing) {
  for (int i = 0; i < 10'000; ++i) {
    Do(Enqueue{Name(i), "x", {.group = i % 2 == 0 ? "g" : ""}});
    const auto deliveries = queue_->Dequeue(std::vector{Name(i)}, {});
    ASSERT_TRUE(deliveries.ok()) << deliveries.status();
    ASSERT_EQ(deliveries->size(), 1u);
    EXPECT_EQ(queue_->QueuesInMemory(), 1u);
    Do(DeleteMessages{deliveries->front().lock_token});
  }
  EXPECT_EQ(queue_->QueuesInMemory(), 0u);
  EXPECT_TRUE(queue_->ListQueues({}).value().names.empty());
}

TEST_F(QueueMemoryTest, NamesThatWereAskedForCostNothing) {
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_TRUE(queue_->Dequeue(std::vector{Name(i), Name(i), Name(i + 1)}, {}).ok());
    ASSERT_TRUE(queue_->Statistics(Name(i)).ok());
    ASSERT_TRUE(queue_->Browse(Name(i), {}).ok());
    Do(CancelMessage{Name(i), "key"});
    Do(DeleteGroup{Name(i), "group"});
  }
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(queue_->Purge(Name(i)).ok());
    ASSERT_TRUE(queue_->Redrive(Name(i)).ok());
  }
  EXPECT_EQ(queue_->QueuesInMemory(), 0u);
}

TEST_F(QueueMemoryTest, DeadLettersTakeTheirQueueAlong) {
  Do(Enqueue{"q", "x", {}});
  const auto once = queue_->Dequeue(std::vector<std::string>{"q"}, {});
  Do(AbandonMessages{once.value().front().lock_token, {}, true});
  EXPECT_TRUE(
      queue_->Dequeue(std::vector<std::string>{"q"}, {.max_deliveries = 1}).value().empty());
  EXPECT_EQ(queue_->QueuesInMemory(), 1u) << "the dead letters'";
  EXPECT_EQ(queue_->Redrive("q").value().moved, 1u);
  EXPECT_EQ(queue_->QueuesInMemory(), 1u) << "that of the message";
  EXPECT_EQ(queue_->Purge("q").value(), 1u);
  EXPECT_EQ(queue_->QueuesInMemory(), 0u);
}

// The record that is removed is still in the database when the next message is put.
TEST_F(QueueMemoryTest, QueueThatEmptiesAndFillsAtTheSameTimeKeepsItsMessages) {
  Do(Enqueue{"q", "first", {}});
  const auto taken = queue_->Dequeue(std::vector<std::string>{"q"}, {});
  testing::OneOperation<DeleteMessages> ack(*queue_,
                                            DeleteMessages{taken.value().front().lock_token});
  door_->HoldNextWrite();
  ASSERT_TRUE(door_->Commit(ack).ok());
  Do(Enqueue{"q", "second", {}});
  EXPECT_EQ(queue_->Statistics("q").value().messages(), 1u);
  const auto next = queue_->Dequeue(std::vector<std::string>{"q"}, {});
  ASSERT_EQ(next.value().size(), 1u);
  EXPECT_EQ(next.value().front().payload, "second");
  Do(DeleteMessages{next.value().front().lock_token});
  EXPECT_EQ(queue_->QueuesInMemory(), 0u);
}

}  // namespace
}  // namespace tandem
