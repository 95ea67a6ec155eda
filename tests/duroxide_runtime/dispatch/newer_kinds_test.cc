// What a newer version of the runtime has written stops an older one, and is neither skipped nor
// lost: the instance waits until the newer one is back.

#include <gtest/gtest.h>

#include "tandem/tests/duroxide_runtime/newer_kinds.h"
#include "tandem/tests/duroxide_runtime/runtime_fixture.h"
#include "tandem/tests/duroxide_runtime/samples.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT
using std::chrono::seconds;
using tandem::StatusCode;

constexpr std::size_t kParkings = 12;  // more than there may be deliveries of a poison

class NewerKindsTest : public RuntimeFixture {
 protected:
  // Blocks until what can't be read was tried, and set aside, so often.
  void AwaitParkings(const std::string& what) {
    for (std::size_t i = 1; i <= kParkings; ++i) {
      log.Await(what, i);
      clock.Advance(seconds(60));
    }
    log.Await(what, kParkings + 1);
  }
  // All that waits in the queue, read by a newer runtime.
  std::vector<tandem::Delivery> Waiting(const std::string& queue) {
    clock.Advance(seconds(60));
    tandem::DequeueOptions options;
    options.max_messages = 100;
    return provider.Dequeue(queue, options).value();
  }
};
INSTANTIATE_TEST_SUITE_P(, NewerKindsTest, ::testing::ValuesIn(ProviderKinds()), KindName);

TEST_P(NewerKindsTest, HistoryWithAnEventOfANewerKindIsParkedAndNothingIsLost) {
  auto runtime = StartRuntime(Working());
  ASSERT_TRUE(client.Start(kApproval, "i", "trip").ok());
  AwaitHistory("i", 3);
  const auto stream = internal::HistoryStream("i", 1);
  ASSERT_TRUE(provider.EventStore::Append(stream, {NewerHistoryEvent()}).ok());
  ASSERT_TRUE(client.RaiseEvent("i", "approved", "ann").ok());
  const std::string diagnosis =
      "history event 4 of execution 1 of instance 'i': written by a newer version of the runtime, "
      "which knows more kinds of history events";
  AwaitParkings(diagnosis);
  EXPECT_EQ(client.GetStatus("i")->state, InstanceState::kRunning);
  EXPECT_EQ(client.GetStatus("i")->diagnosis, diagnosis);
  EXPECT_EQ(client.ReadHistory("i", HistoryOptions()).status().code(), StatusCode::kUnsupported);
  runtime.reset();
  EXPECT_EQ(provider.LatestPartition(internal::InstanceEntity("i")).value()->head, 4u);
  const auto waiting = Waiting("dx/turns");
  ASSERT_EQ(waiting.size(), 1u);
  EXPECT_EQ(internal::DecodeWorkItem(waiting[0].payload, "message").value(),
            internal::WorkItem(internal::EventRaisedItem{{"approved", "ann"}}));
  EXPECT_EQ(waiting[0].delivery_count, 1u) << "being parked is not counted";
}

TEST_P(NewerKindsTest, MessageOfANewerKindParksItsInstanceWithAllThatComesBehind) {
  auto runtime = StartRuntime(Working());
  ASSERT_TRUE(client.Start(kApproval, "i", "trip").ok());
  AwaitHistory("i", 3);
  tandem::Enqueue newer = internal::ToInstance("i", internal::GoOnItem{});
  newer.payload = NewerWorkItem();
  ASSERT_TRUE(provider.AtomicBatch({newer}).ok());
  log.Await("which knows more kinds of work items");
  ASSERT_TRUE(client.RaiseEvent("i", "approved", "ann").ok());
  AwaitParkings("which knows more kinds of work items");
  EXPECT_NE(client.GetStatus("i")->diagnosis.find("of queue 'dx/turns': written by a newer"),
            std::string::npos);
  runtime.reset();
  EXPECT_EQ(HistoryOf("i").size(), 3u);
  const auto waiting = Waiting("dx/turns");
  ASSERT_EQ(waiting.size(), 2u);
  EXPECT_EQ(waiting[0].payload, newer.payload);
  EXPECT_EQ(internal::DecodeWorkItem(waiting[1].payload, "message").value(),
            internal::WorkItem(internal::EventRaisedItem{{"approved", "ann"}}));
  EXPECT_EQ(waiting[0].delivery_count, 1u) << "being parked is not counted";
}

TEST_P(NewerKindsTest, ActivityOfANewerKindWaits) {
  const std::string newer = NewerWorkItem();
  ASSERT_TRUE(provider.Enqueue("dx/work", newer, tandem::EnqueueOptions()).ok());
  auto runtime = StartRuntime(Working());
  AwaitParkings("an activity can't be read: Unsupported");
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  EXPECT_EQ(client.Wait(kOnce, "i", kLong).value(), "x") << "others go on";
  runtime.reset();
  const auto waiting = Waiting("dx/work");
  ASSERT_EQ(waiting.size(), 1u);
  EXPECT_EQ(waiting[0].payload, newer);
  EXPECT_EQ(waiting[0].delivery_count, 1u) << "being parked is not counted";
}

}  // namespace
}  // namespace duroxide
