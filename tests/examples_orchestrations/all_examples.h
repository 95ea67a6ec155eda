#pragma once

// All examples in the situations that matter, for one simulation.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "examples/orchestrations/actor.h"
#include "examples/orchestrations/approval.h"
#include "examples/orchestrations/bounded_fan_out.h"
#include "examples/orchestrations/monitor.h"
#include "examples/orchestrations/order_saga.h"
#include "examples/orchestrations/tree.h"
#include "examples/orchestrations/versioned_rollout.h"

namespace orchestrations::testing {

inline duroxide::Registry AllExamples() {
  using Number = duroxide::Result<std::int64_t>;
  const auto world = std::make_shared<World>(Trouble{25, 7});
  const auto polls = std::make_shared<std::int64_t>(0);
  duroxide::Registry registry;
  RegisterApproval(registry, world);
  RegisterBoundedFanOut(
      registry, [](duroxide::ActivityContext&, std::int64_t item) -> Number { return 2 * item; });
  RegisterActor(registry);
  RegisterMonitor(registry, [polls](duroxide::ActivityContext&, const std::string&) -> Number {
    return ++*polls;
  });
  RegisterOrderSaga(registry, world);
  RegisterTree(registry, [](duroxide::ActivityContext&, std::int64_t value) -> Number {
    if (value < 0) return duroxide::Status::NotFound("a rotten branch");
    return value;
  });
  RegisterVersionedRollout(registry, world);
  return registry;
}

inline void StartAll(const duroxide::Client& client) {
  ASSERT_TRUE(client.Start(kOrderSaga, "order-done", Order("book", 1'000, "here")).ok());
  ASSERT_TRUE(client.Start(kOrderSaga, "order-failed", Order("book", 1'000, "nowhere")).ok());
  ASSERT_TRUE(client.Start(kOrderSaga, "order-cancelled", Order("book", 1'000, "here")).ok());
  ASSERT_TRUE(client.Start(kApproval, "approval-early", Request("a trip", 60)).ok());
  ASSERT_TRUE(client.RaiseEvent("approval-early", kDecided, "yes").ok());
  ASSERT_TRUE(client.Start(kApproval, "approval-none", Request("a yacht", 60)).ok());
  std::vector<std::int64_t> values{3, 1, 4, 1, 5, 9, 2};
  ASSERT_TRUE(client.Start(kBoundedFanOut, "fan-out", Items(3, std::move(values))).ok());
  ASSERT_TRUE(client.Start(kMonitor, "monitor", Watch("water", 13, 60, 0)).ok());
  ASSERT_TRUE(client.Start(kActor, "actor", Account()).ok());
  for (std::int64_t i = 1; i <= kCommandsPerExecution + 2; ++i) {
    ASSERT_TRUE(
        client.RaiseEvent("actor", kCommand, Command(i, 10 - i, i == kCommandsPerExecution + 2))
            .ok());
  }
  ASSERT_TRUE(client.Start(kSubscription, "rollout", Subscription(1'000, 2, 60, 0)).ok());
  std::vector<Tree> leaves;
  leaves.emplace_back(1, std::vector<Tree>());
  leaves.emplace_back(2, std::vector<Tree>());
  ASSERT_TRUE(client.Start(kTree, "tree-done", Tree(3, leaves)).ok());
  leaves.emplace_back(-1, std::vector<Tree>());
  leaves.emplace_back(4, std::vector<Tree>());
  ASSERT_TRUE(client.Start(kTree, "tree-failed", Tree(3, leaves)).ok());
}

// What StartAll has started.
inline std::vector<std::string> AllInstances() {
  return {"order-done",    "order-failed", "order-cancelled", "approval-early",
          "approval-none", "fan-out",      "monitor",         "actor",
          "rollout",       "tree-done",    "tree-failed"};
}

}  // namespace orchestrations::testing
