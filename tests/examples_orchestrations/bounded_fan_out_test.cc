// The bounded fan-out: every item, in order, never more than the limit in the air.

#include "examples/orchestrations/bounded_fan_out.h"

#include <algorithm>
#include <numeric>

#include "tandem/tests/examples_orchestrations/harness.h"

namespace orchestrations {
namespace {

using namespace orchestrations::testing;  // NOLINT

constexpr std::int64_t kBad = 13;

duroxide::Registry MakeRegistry() {
  duroxide::Registry registry;
  RegisterBoundedFanOut(
      registry,
      [](duroxide::ActivityContext&, std::int64_t item) -> duroxide::Result<std::int64_t> {
        if (item == kBad) return duroxide::Status::NotFound("no item 13");
        return 2 * item;
      });
  return registry;
}

std::vector<std::int64_t> Numbers(std::int64_t first, std::size_t count) {
  std::vector<std::int64_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), first);
  return numbers;
}

// The most activities that were scheduled and not answered at a time.
std::size_t MostInTheAir(const RecordedHistory& recorded) {
  std::size_t now = 0;
  std::size_t most = 0;
  for (const duroxide::HistoryEvent& event : recorded.history) {
    if (std::holds_alternative<duroxide::ActivityScheduled>(event.body)) ++now;
    if (std::holds_alternative<duroxide::ActivityCompleted>(event.body)) --now;
    if (std::holds_alternative<duroxide::ActivityFailed>(event.body)) --now;
    most = std::max(most, now);
  }
  return most;
}

TEST(BoundedFanOutTest, AllItemsAreDoneInOrderAndNeverMoreThanTheLimitAtATime) {
  ForSeeds(300, [](std::uint64_t seed, const SimulationOptions& options) {
    const std::size_t limit = 1 + seed % 5;
    const std::size_t count = seed % 40;
    Simulation sim(seed, MakeRegistry(), options);
    const Items items(static_cast<std::int64_t>(limit), Numbers(100, count));
    ASSERT_TRUE(sim.client().Start(kBoundedFanOut, "f", items).ok());
    Finish(sim);
    std::vector<std::int64_t> doubled = items.values;
    for (std::int64_t& value : doubled) value *= 2;
    EXPECT_EQ(*OutputOf(sim, kBoundedFanOut, "f"), doubled);
    EXPECT_EQ(MostInTheAir(HistoriesOf(sim, "f").front()), std::min(limit, count));
  });
}

TEST(BoundedFanOutTest, AfterAFailureNoFurtherItemIsBegun) {
  ForSeeds(200, [](std::uint64_t seed, const SimulationOptions& options) {
    constexpr std::size_t kLimit = 3;
    Simulation sim(seed, MakeRegistry(), options);
    ASSERT_TRUE(sim.client().Start(kBoundedFanOut, "f", Items(kLimit, Numbers(kBad, 50))).ok());
    Finish(sim);
    EXPECT_EQ(StatusOf(sim, "f").failure->code, duroxide::StatusCode::kNotFound);
    const RecordedHistory recorded = HistoriesOf(sim, "f").front();
    bool failed = false;
    for (const duroxide::HistoryEvent& event : recorded.history) {
      EXPECT_FALSE(failed && std::holds_alternative<duroxide::ActivityScheduled>(event.body));
      failed = failed || std::holds_alternative<duroxide::ActivityFailed>(event.body);
    }
    EXPECT_TRUE(failed);
  });
}

TEST(BoundedFanOutTest, NoItemsAreAResultToo) {
  Simulation sim(1, MakeRegistry(), SimulationOptions::Calm());
  ASSERT_TRUE(sim.client().Start(kBoundedFanOut, "f", Items(4, Numbers(0, 0))).ok());
  Finish(sim);
  EXPECT_TRUE(OutputOf(sim, kBoundedFanOut, "f")->empty());
}

}  // namespace
}  // namespace orchestrations
