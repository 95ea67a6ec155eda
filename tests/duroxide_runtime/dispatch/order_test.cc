// The messages that a turn takes stand in the order (visible at, id): that in which they were due,
// and then that in which they were stored.

#include <gtest/gtest.h>

#include "tandem/tests/duroxide_runtime/engine/check_history.h"
#include "tandem/tests/duroxide_runtime/runtime_fixture.h"
#include "tandem/tests/duroxide_runtime/samples.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT
using std::chrono::hours;
using std::chrono::seconds;

class OrderTest : public RuntimeFixture {
 protected:
  // What history holds, from event `first` on.
  std::vector<std::string> TextFrom(const std::string& instance, std::size_t first) {
    std::vector<std::string> lines;
    const History history = HistoryOf(instance);
    for (std::size_t i = first - 1; i < history.size(); ++i) {
      lines.push_back(Describe(history[i].body));
    }
    return lines;
  }
};
INSTANTIATE_TEST_SUITE_P(, OrderTest, ::testing::ValuesIn(ProviderKinds()), KindName);

TEST_P(OrderTest, TimerStandsWhereItsTimeCame) {
  auto runtime = StartRuntime(Working());
  for (const char* instance : {"event", "timer", "both"}) {
    ASSERT_TRUE(client.Start(kApproval, instance, "trip").ok());
    AwaitHistory(instance, 3);
  }
  runtime.reset();  // what comes now is taken together
  ASSERT_TRUE(client.RaiseEvent("event", "approved", "ann").ok());
  clock.Advance(hours(1));  // the timers are due
  ASSERT_TRUE(client.RaiseEvent("both", "approved", "ann").ok());
  clock.Advance(seconds(1));
  ASSERT_TRUE(client.RaiseEvent("timer", "approved", "ann").ok());
  clock.Advance(seconds(1));

  RuntimeOptions options;
  options.activity_threads = 0;
  runtime = StartRuntime(Working(), options);
  EXPECT_EQ(client.Wait(kApproval, "event", kLong).value(), "trip by ann");
  EXPECT_EQ(TextFrom("event", 4), (std::vector<std::string>{
                                      "EventRaised \"approved\" payload \"ann\"",
                                      "TimerCancelled of event 2",
                                      "OrchestrationCompleted output \"trip by ann\"",
                                  }));
  for (const char* instance : {"timer", "both"}) {
    AwaitHistory(instance, 7);
    EXPECT_EQ(TextFrom(instance, 4), (std::vector<std::string>{
                                         "TimerFired of event 2",
                                         "EventUnsubscribed of event 3",
                                         "ActivityScheduled \"echo\" input \"remind trip\"",
                                         "EventRaised \"approved\" payload \"ann\"",
                                     }));
  }
}

Task<Result<std::string>> SleepsNoTime(OrchestrationContext ctx, std::string) {
  Timer none = ctx.StartTimer(seconds(0));
  Timer negative = ctx.StartTimer(seconds(-60));
  Timer past = ctx.StartTimerAt(ctx.Now() - hours(1));
  co_await WhenAll(std::move(past), std::move(negative), std::move(none));
  co_return "awake";
}

TEST_P(OrderTest, TimersThatAreDueAtOnceFireInTheOrderOfTheirStart) {
  Registry registry;
  registry.Add(kOnce, SleepsNoTime);
  const auto runtime = StartRuntime(std::move(registry));
  ASSERT_TRUE(client.Start(kOnce, "i", "").ok());
  EXPECT_EQ(client.Wait(kOnce, "i", kLong).value(), "awake") << "the clock stands still";
  EXPECT_EQ(TextFrom("i", 5), (std::vector<std::string>{
                                  "TimerFired of event 2",
                                  "TimerFired of event 3",
                                  "TimerFired of event 4",
                                  "OrchestrationCompleted output \"awake\"",
                              }));
}

}  // namespace
}  // namespace duroxide
