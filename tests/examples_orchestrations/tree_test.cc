// The tree: its sum, or the first failure and nothing left at work.

#include "examples/orchestrations/tree.h"

#include "tandem/tests/examples_orchestrations/harness.h"

namespace orchestrations {
namespace {

using namespace orchestrations::testing;  // NOLINT

duroxide::Registry TreeRegistry() {
  duroxide::Registry registry;
  RegisterTree(
      registry,
      [](duroxide::ActivityContext&, std::int64_t value) -> duroxide::Result<std::int64_t> {
        if (value < 0) return duroxide::Status::NotFound("a rotten branch");
        return value;
      });
  return registry;
}

Tree RandomTree(std::mt19937_64& random, int depth) {
  std::vector<Tree> subtrees;
  const std::uint64_t count = depth == 0 ? 0 : random() % 4;
  for (std::uint64_t i = 0; i < count; ++i) subtrees.push_back(RandomTree(random, depth - 1));
  return Tree(static_cast<std::int64_t>(random() % 100), std::move(subtrees));
}

std::int64_t SumOf(const Tree& tree) {
  std::int64_t sum = tree.value;
  for (const Tree& subtree : tree.subtrees) sum += SumOf(subtree);
  return sum;
}

// A leaf that fails, somewhere below.
void Rot(Tree& tree, std::mt19937_64& random) {
  if (tree.subtrees.empty()) {
    tree.value = -1;
  } else {
    Rot(tree.subtrees[random() % tree.subtrees.size()], random);
  }
}

// How many instances have completed, below and with `instance`; all of them must have finished.
std::size_t CheckFinished(Simulation& sim, const std::string& instance) {
  const duroxide::InstanceStatus status = StatusOf(sim, instance);
  EXPECT_TRUE(status.finished()) << instance << " " << status.diagnosis;
  std::size_t completed = status.state == InstanceState::kCompleted ? 1 : 0;
  for (const RecordedHistory& execution : HistoriesOf(sim, instance)) {
    for (const duroxide::HistoryEvent& event : execution.history) {
      const auto* child = std::get_if<duroxide::ChildScheduled>(&event.body);
      if (child != nullptr) completed += CheckFinished(sim, child->instance);
    }
  }
  return completed;
}

std::size_t SizeOf(const Tree& tree) {
  std::size_t size = 1;
  for (const Tree& subtree : tree.subtrees) size += SizeOf(subtree);
  return size;
}

TEST(TreeTest, TheSumIsThatOfAllNodes) {
  ForSeeds(200, [](std::uint64_t seed, const SimulationOptions& options) {
    std::mt19937_64 random(seed);
    const Tree tree = RandomTree(random, 4);
    Simulation sim(seed, TreeRegistry(), options);
    ASSERT_TRUE(sim.client().Start(kTree, "t", tree).ok());
    Finish(sim);
    EXPECT_EQ(*OutputOf(sim, kTree, "t"), SumOf(tree));
    EXPECT_EQ(CheckFinished(sim, "t"), SizeOf(tree));
  });
}

TEST(TreeTest, AFailureAnywhereEndsAllOfIt) {
  ForSeeds(200, [](std::uint64_t seed, const SimulationOptions& options) {
    std::mt19937_64 random(seed);
    Tree tree = RandomTree(random, 4);
    Rot(tree, random);
    Simulation sim(seed, TreeRegistry(), options);
    ASSERT_TRUE(sim.client().Start(kTree, "t", tree).ok());
    Finish(sim);
    EXPECT_EQ(StatusOf(sim, "t").state, InstanceState::kFailed);
    EXPECT_EQ(StatusOf(sim, "t").failure->code, duroxide::StatusCode::kNotFound);
    EXPECT_LT(CheckFinished(sim, "t"), SizeOf(tree));
  });
}

TEST(TreeTest, ACancelledTreeIsCancelledToItsLeaves) {
  ForSeeds(200, [](std::uint64_t seed, const SimulationOptions& options) {
    std::mt19937_64 random(seed);
    Simulation sim(seed, TreeRegistry(), options);
    ASSERT_TRUE(sim.client().Start(kTree, "t", RandomTree(random, 4)).ok());
    TakeSteps(sim, random() % 40);
    if (StatusOf(sim, "t").finished()) return;
    ASSERT_TRUE(sim.client().Cancel("t", "no longer wanted").ok());
    Finish(sim);
    CheckFinished(sim, "t");
  });
}

}  // namespace
}  // namespace orchestrations
