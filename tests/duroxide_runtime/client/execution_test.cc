// The executions of an instance: histories, lists, pruning.

#include <gtest/gtest.h>

#include "tandem/tests/duroxide_runtime/client/client_samples.h"
#include "tandem/tests/duroxide_runtime/runtime_fixture.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT
using tandem::StatusCode;

class ClientExecutionTest : public RuntimeFixture {
 protected:
  void CountDown(int executions) {
    runtime = StartRuntime(ClientSamples());
    ASSERT_TRUE(client.Start(kCountdown, "i", executions).ok());
    ASSERT_EQ(client.Wait(kCountdown, "i", kLong).value(), executions);
  }
  std::vector<std::uint64_t> Numbers() {
    std::vector<std::uint64_t> numbers;
    const auto page = client.admin().ListExecutions("i");
    EXPECT_TRUE(page.ok()) << page.status();
    for (const ExecutionInfo& info : page->executions) numbers.push_back(info.execution);
    return numbers;
  }

  std::unique_ptr<Runtimes> runtime;
};
INSTANTIATE_TEST_SUITE_P(, ClientExecutionTest, ::testing::ValuesIn(ProviderKinds()), KindName);

TEST_P(ClientExecutionTest, EachExecutionTellsHowItEnded) {
  CountDown(3);
  const auto page = client.admin().ListExecutions("i");
  ASSERT_EQ(page->executions.size(), 3u);
  EXPECT_EQ(page->executions[0].state, ExecutionState::kContinuedAsNew);
  EXPECT_EQ(page->executions[1].state, ExecutionState::kContinuedAsNew);
  EXPECT_EQ(page->executions[2].state, ExecutionState::kCompleted);
  EXPECT_EQ(page->executions[2].events, 3u);
  EXPECT_EQ(page->executions[0].started_at, clock.Now());
  EXPECT_FALSE(page->more);
}

TEST_P(ClientExecutionTest, ListHasPages) {
  CountDown(5);
  const auto first = client.admin().ListExecutions("i", 0, 2);
  EXPECT_EQ(first->executions.back().execution, 2u);
  EXPECT_TRUE(first->more);
  const auto last = client.admin().ListExecutions("i", 3, 2);
  EXPECT_EQ(last->executions.front().execution, 4u);
  EXPECT_FALSE(last->more);
  EXPECT_EQ(client.admin().ListExecutions("i", 0, 0).status().code(), StatusCode::kInvalidArgument);
}

TEST_P(ClientExecutionTest, HistoryOfAnExecutionIsReadInPages) {
  CountDown(2);
  HistoryOptions options;
  options.execution = 1;
  options.max_events = 2;
  const auto first = client.ReadHistory("i", options);
  ASSERT_EQ(first->events.size(), 2u);
  EXPECT_TRUE(std::holds_alternative<Started>(first->events.front().body));
  EXPECT_FALSE(first->ended);
  options.from = first->next;
  const auto last = client.ReadHistory("i", options);
  ASSERT_EQ(last->events.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<OrchestrationContinuedAsNew>(last->events.front().body));
  EXPECT_TRUE(last->ended);
  EXPECT_EQ(client.ReadHistory("i", HistoryOptions())->execution, 2u);
}

TEST_P(ClientExecutionTest, PruningKeepsTheLatest) {
  CountDown(24);
  EXPECT_EQ(client.admin().GetStats("i")->executions, 24u);
  EXPECT_EQ(client.admin().PruneExecutions("i", 24)->executions, 0u);
  const auto some = client.admin().PruneExecutions("i", 3);
  EXPECT_EQ(some->executions, 21u);
  EXPECT_EQ(some->events, 21u * 3);
  EXPECT_EQ(Numbers(), (std::vector<std::uint64_t>{22, 23, 24}));
  EXPECT_EQ(client.admin().PruneExecutions("i", 1)->executions, 2u);
  EXPECT_EQ(client.admin().PruneExecutions("i", 1)->executions, 0u);
  EXPECT_EQ(Numbers(), (std::vector<std::uint64_t>{24}));
  EXPECT_EQ(client.Wait(kCountdown, "i", kLong).value(), 24);
  EXPECT_EQ(client.GetKv<int>("i", "left").value(), 1);
  EXPECT_EQ(client.admin().Delete("i")->events, 3u);
}

TEST_P(ClientExecutionTest, RunningInstanceIsPrunedAndGoesOn) {
  runtime = StartRuntime(ClientSamples());
  ASSERT_TRUE(client.Start(kDiary, "i", "d").ok());
  for (const char* word : {"anew", "anew", "sun"}) {
    ASSERT_TRUE(client.RaiseEvent("i", "words", word).ok());
  }
  ASSERT_TRUE(client.WaitForCustomStatus("i", 0, kLong).ok());
  EXPECT_EQ(client.admin().PruneExecutions("i", 1)->executions, 2u);
  EXPECT_EQ(client.GetStatus("i")->state, InstanceState::kRunning);
  ASSERT_TRUE(client.RaiseEvent("i", "words", "anew").ok());
  ASSERT_TRUE(client.RaiseEvent("i", "words", "end").ok());
  EXPECT_EQ(client.Wait(kDiary, "i", kLong).value(), "d+++");
  EXPECT_EQ(Numbers(), (std::vector<std::uint64_t>{3, 4}));
  EXPECT_EQ(client.GetKv<std::string>("i", "word").value(), "sun");
}

TEST_P(ClientExecutionTest, PendingInstanceHasNone) {
  ASSERT_TRUE(client.Start(kCountdown, "i", 1).ok());
  EXPECT_EQ(Numbers(), std::vector<std::uint64_t>());
  EXPECT_EQ(client.admin().PruneExecutions("i", 1)->executions, 0u);
  EXPECT_EQ(client.admin().GetStats("i")->history_events, 0u);
}

}  // namespace
}  // namespace duroxide
