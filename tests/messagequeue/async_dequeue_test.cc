// DequeueAsync is in the conformance suite; here is a store that stops below it.

#include <future>

#include "tandem/tests/messagequeue/queue_rig.h"

namespace tandem {
namespace {

using std::chrono::hours;

class AsyncDequeueRigTest : public testing::QueueRigTest {};

TEST_F(AsyncDequeueRigTest, AStoreThatStopsEndsIt) {
  std::promise<Status> ended;
  queue_->DequeueAsync({"work"}, {.wait = hours(1)},
                       [&](const auto& result) { ended.set_value(result.status()); });
  clock_.AwaitWaiters(1);
  door_->Stop(Status::Unavailable("the disk is gone"));
  queue_->WakeAll();
  EXPECT_EQ(ended.get_future().get().code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace tandem
