// The approval: a decision is heard whenever it comes, and silence has an end.

#include "examples/orchestrations/approval.h"

#include "tandem/tests/examples_orchestrations/harness.h"

namespace orchestrations {
namespace {

using namespace orchestrations::testing;  // NOLINT

constexpr std::int64_t kHour = 3'600;

class Office {
 public:
  Office(std::uint64_t seed, const SimulationOptions& options)
      : sim_(seed, MakeRegistry(), options) {
    EXPECT_TRUE(sim_.client().Start(kApproval, "a", Request("a trip", kHour)).ok());
  }

  Simulation& sim() { return sim_; }
  void Decide(const std::string& decision) {
    ASSERT_TRUE(sim_.client().RaiseEvent("a", kDecided, decision).ok());
  }
  std::size_t Mails(const std::string& who) const {
    return world_->CountDone("mail " + who + " a/");
  }

 private:
  duroxide::Registry MakeRegistry() {
    duroxide::Registry registry;
    RegisterApproval(registry, world_);
    return registry;
  }

  std::shared_ptr<World> world_ = std::make_shared<World>();
  Simulation sim_;
};

TEST(ApprovalTest, ADecisionThatComesAtOnceIsHeard) {
  ForSeeds(200, [](std::uint64_t seed, const SimulationOptions& options) {
    Office office(seed, options);
    office.Decide("yes");
    Finish(office.sim());
    EXPECT_EQ(*OutputOf(office.sim(), kApproval, "a"), "a trip: yes");
    EXPECT_EQ(office.Mails("chief"), 0U);
  });
}

TEST(ApprovalTest, ADecisionIsHeardWheneverItComes) {
  ForSeeds(300, [](std::uint64_t seed, const SimulationOptions& options) {
    Office office(seed, options);
    TakeSteps(office.sim(), seed % 10);
    // Once the chief is asked, the last of the timers may be due already.
    if (StatusOf(office.sim(), "a").custom_status.value == "waiting for the chief") return;
    office.Decide("no");
    office.Decide("yes, after all");  // too late
    Finish(office.sim());
    EXPECT_EQ(*OutputOf(office.sim(), kApproval, "a"), "a trip: no");
  });
}

TEST(ApprovalTest, SilenceIsRemindedThenEscalatedThenAFailure) {
  ForSeeds(200, [](std::uint64_t seed, const SimulationOptions& options) {
    Office office(seed, options);
    Finish(office.sim());
    const duroxide::InstanceStatus status = StatusOf(office.sim(), "a");
    EXPECT_EQ(status.state, InstanceState::kFailed);
    EXPECT_EQ(status.failure->code, duroxide::StatusCode::kUnavailable);
    EXPECT_EQ(status.custom_status.value, "given up");
    EXPECT_GE(status.updated_at - status.created_at, std::chrono::seconds(3 * kHour));
    EXPECT_EQ(office.Mails("approver"), 1U);
    EXPECT_EQ(office.Mails("approver again"), 1U);
    EXPECT_EQ(office.Mails("chief"), 1U);
  });
}

TEST(ApprovalTest, TheStatusTellsWhoIsWaitedFor) {
  Office office(1, SimulationOptions::Calm());
  ASSERT_TRUE(office.sim().RunUntil(office.sim().now() + std::chrono::seconds(kHour / 2)).ok());
  EXPECT_EQ(StatusOf(office.sim(), "a").custom_status.value, "waiting for the approver");
  ASSERT_TRUE(office.sim().RunUntil(office.sim().now() + std::chrono::seconds(2 * kHour)).ok());
  EXPECT_EQ(StatusOf(office.sim(), "a").custom_status.value, "waiting for the chief");
}

}  // namespace
}  // namespace orchestrations
