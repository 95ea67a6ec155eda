// Operations that an activity gives with its value: applied with it, or not at all.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <latch>
#include <string>
#include <utility>
#include <variant>

#include "tandem/base/limits.h"
#include "tandem/duroxide_runtime/limits.h"
#include "tandem/tests/duroxide_runtime/runtime_fixture.h"
#include "tandem/tests/duroxide_runtime/samples.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT
using tandem::Batch;
using tandem::Expected;
using tandem::StatusCode;

constexpr Activity<std::string(std::string)> kPay("pay");
constexpr Orchestration<std::string(std::string)> kOrder("order");
constexpr Orchestration<std::string(std::string)> kPatient("patient");

Task<Result<std::string>> Order(OrchestrationContext ctx, std::string text) {
  co_return co_await OrFail(ctx.Call(kPay, text));
}

Task<Result<std::string>> Patient(OrchestrationContext ctx, std::string text) {
  const RetryPolicy policy = RetryPolicy().Attempts(3).NoBackoff();
  co_return co_await OrFail(CallWithRetry(ctx, kPay, text, policy));
}

Batch PaidAndMailed(Expected expected = Expected::Any()) {
  Batch batch;
  batch.Append("ledger", "paid", expected);
  batch.Enqueue("mails", "we got it");
  return batch;
}

class EffectsTest : public RuntimeFixture {
 protected:
  template <typename Pay>
  static Registry Orders(Pay pay) {
    Registry registry = Working();
    registry.Add(kOrder, Order);
    registry.Add(kPatient, Patient);
    registry.Add(kPay, std::move(pay));
    return registry;
  }
  // Whether the batch holds what PaidAndMailed makes.
  static bool HasPaid(const Batch& batch) {
    return std::ranges::any_of(batch, [](const tandem::Operation& operation) {
      const auto* append = std::get_if<tandem::AppendEvents>(&operation);
      return append != nullptr && append->stream.entity == "ledger";
    });
  }
  tandem::Version Paid() { return provider.Read({"ledger", 0}, {})->head; }
  std::size_t Mails() {
    tandem::DequeueOptions all;
    all.max_messages = 100;
    return provider.Dequeue("mails", all)->size();
  }
};
INSTANTIATE_TEST_SUITE_P(, EffectsTest, ::testing::ValuesIn(ProviderKinds()), KindName);

TEST_P(EffectsTest, TheyCommitWithTheValueAndTheAcknowledgement) {
  std::atomic<int> with_all = 0;
  provider.AfterBatch([&](const Batch& batch) {
    if (!HasPaid(batch)) return;
    with_all += Has<tandem::DeleteMessages>(batch) && Has<tandem::Enqueue>(batch) ? 1 : 100;
  });
  const auto runtime = StartRuntime(
      Orders([](ActivityContext&, const std::string& text) -> Result<WithOperations<std::string>> {
        return WithOperations{text + "!", PaidAndMailed()};
      }));
  ASSERT_TRUE(client.Start(kOrder, "i", "x").ok());
  EXPECT_EQ(client.Wait(kOrder, "i", kLong).value(), "x!");
  EXPECT_EQ(with_all, 1);
  EXPECT_EQ(Paid(), 1U);
  EXPECT_EQ(Mails(), 1U);
}

// A function that needs no Result may give the value with its operations as it is.
TEST_P(EffectsTest, AValueWithNoOperationsIsAValue) {
  const auto runtime = StartRuntime(Orders([](ActivityContext&, const std::string& text) {
    return WithOperations<std::string>{text, {}};
  }));
  ASSERT_TRUE(client.Start(kOrder, "i", "x").ok());
  EXPECT_EQ(client.Wait(kOrder, "i", kLong).value(), "x");
}

TEST_P(EffectsTest, ARefusalIsTheFailureOfTheActivityAndNothingIsApplied) {
  const auto runtime = StartRuntime(Orders([](ActivityContext&, const std::string& text) {
    return WithOperations<std::string>{text, PaidAndMailed(Expected::Exactly(7))};
  }));
  ASSERT_TRUE(client.Start(kOrder, "i", "x").ok());
  const auto end = client.Wait(kOrder, "i", kLong);
  EXPECT_EQ(end.status().code(), StatusCode::kConflict);
  EXPECT_NE(end.status().message().find("operation 0 of activity 'pay' was refused"),
            std::string::npos)
      << end.status();
  EXPECT_EQ(Paid(), 0U);
  EXPECT_EQ(Mails(), 0U);
}

TEST_P(EffectsTest, ARefusedActivityIsTriedAgain) {
  std::atomic<int> attempts = 0;
  const auto runtime = StartRuntime(Orders([&](ActivityContext&, const std::string& text) {
    const Expected expected = ++attempts < 3 ? Expected::Exists() : Expected::NoStream();
    return WithOperations<std::string>{text, PaidAndMailed(expected)};
  }));
  ASSERT_TRUE(client.Start(kPatient, "i", "x").ok());
  EXPECT_EQ(client.Wait(kPatient, "i", kLong).value(), "x");
  EXPECT_EQ(attempts, 3);
  EXPECT_EQ(Paid(), 1U);
  EXPECT_EQ(Mails(), 1U);
}

TEST_P(EffectsTest, ImpossibleOperationsFailTheActivity) {
  const auto runtime = StartRuntime(Orders([](ActivityContext&, const std::string& kind) {
    Batch batch = PaidAndMailed();
    if (kind == "bad") batch.Enqueue("", "no queue");
    if (kind == "many") {
      for (std::size_t i = 0; i < tandem::kBatchOperationsMax; ++i) batch.Append("a", "b");
    }
    return WithOperations<std::string>{kind, std::move(batch)};
  }));
  for (const auto& [kind, code] :
       {std::pair("bad", StatusCode::kInvalidArgument), std::pair("many", StatusCode::kTooLarge)}) {
    ASSERT_TRUE(client.Start(kOrder, kind, kind).ok());
    const auto end = client.Wait(kOrder, kind, kLong);
    EXPECT_EQ(end.status().code(), code) << end.status();
    EXPECT_NE(end.status().message().find("of activity 'pay'"), std::string::npos) << end.status();
  }
  EXPECT_EQ(Paid(), 0U);
  EXPECT_EQ(Mails(), 0U);
}

// The store can't take it now, which is no refusal.
TEST_P(EffectsTest, ThatTheStoreIsInTroubleIsNoFailure) {
  std::latch in_trouble(1);
  provider.OnBatch([&](const Batch& batch) {
    if (!HasPaid(batch) || in_trouble.try_wait()) return Status::Ok();
    in_trouble.count_down();
    return Status::Unavailable("not now");
  });
  RuntimeOptions options;
  options.orchestration_threads = 1;
  options.activity_threads = 1;
  const auto runtime = StartExactly(Orders([](ActivityContext&, const std::string& text) {
                                      return WithOperations<std::string>{text, PaidAndMailed()};
                                    }),
                                    options);
  ASSERT_TRUE(client.Start(kOrder, "i", "x").ok());
  in_trouble.wait();
  clock.AwaitWaiters(3);  // the orchestrations' loop, the lease keeper, and what tries again
  clock.Advance(internal::tuning::kReportRetryDelay);
  EXPECT_EQ(client.Wait(kOrder, "i", kLong).value(), "x");
  EXPECT_EQ(Paid(), 1U);
}

// The result is not wanted any more, so neither are its operations.
TEST_P(EffectsTest, AnActivityThatWasCancelledChangesNothing) {
  Barrier barrier;
  const auto runtime = StartRuntime(Orders([&](ActivityContext&, const std::string& text) {
    barrier.Enter();
    return WithOperations<std::string>{text, PaidAndMailed()};
  }));
  ASSERT_TRUE(client.Start(kOrder, "i", "x").ok());
  barrier.AwaitEntered(1);
  ASSERT_TRUE(client.Cancel("i", "changed my mind").ok());
  EXPECT_EQ(client.WaitUntilFinished("i", kLong)->state, InstanceState::kCancelled);
  barrier.Open();
  log.Await("dropped the result of activity 'pay'");
  EXPECT_EQ(Paid(), 0U);
  EXPECT_EQ(Mails(), 0U);
}

TEST_P(EffectsTest, AnActivityStartsAnInstanceWithItsValue) {
  const auto start_child = [this](ActivityContext&,
                                  const std::string& id) -> Result<WithOperations<std::string>> {
    TANDEM_ASSIGN_OR_RETURN(Batch start, client.StartOperations(kOnce, id, "other"));
    start.Append("ledger", "started");
    return WithOperations{id, std::move(start)};
  };
  const auto runtime = StartRuntime(Orders(start_child));
  ASSERT_TRUE(client.Start(kOrder, "i", "j").ok());
  EXPECT_EQ(client.Wait(kOrder, "i", kLong).value(), "j");
  EXPECT_EQ(client.Wait(kOnce, "j", kLong).value(), "other");
  ASSERT_TRUE(client.Start(kOrder, "k", "j").ok());
  EXPECT_EQ(client.Wait(kOrder, "k", kLong).status().code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(Paid(), 1U);
}

}  // namespace
}  // namespace duroxide
