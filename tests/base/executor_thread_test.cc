// An executor where the system gives no thread. It has an executable of its own, which refuses the
// threads (tests/support/thread_faults.h).

#include <gtest/gtest.h>

#include <latch>
#include <memory>
#include <system_error>

#include "tandem/base/executor.h"
#include "tandem/base/manual_clock.h"
#include "tandem/tests/support/thread_faults.h"

namespace tandem {
namespace {

TEST(ExecutorThreadTest, WithoutItsFirstThreadsThereIsNoExecutor) {
  ManualClock clock;
  for (int nth = 1; nth <= 2; ++nth) {
    const testing::RefusedThreads refused(nth);
    EXPECT_THROW(Executor(&clock, 2), std::system_error) << nth;
  }
}

TEST(ExecutorThreadTest, WithThemItRunsWhatIsPostedAndWatchesTheTime) {
  ManualClock clock;
  Executor executor(&clock, 4);
  const testing::RefusedThreads refused(1);
  std::latch done(3);
  executor.Post([&] {
    executor.Post([&done] { done.count_down(); });  // while the only thread is busy
    done.count_down();
  });
  executor.PostAt(clock.Now(), [&done] { done.count_down(); });
  done.wait();
}

}  // namespace
}  // namespace tandem
