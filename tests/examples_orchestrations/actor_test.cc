// The actor: its account is what the commands say, each once and in order.

#include "examples/orchestrations/actor.h"

#include "tandem/tests/examples_orchestrations/harness.h"

namespace orchestrations {
namespace {

using namespace orchestrations::testing;  // NOLINT

class Branch {
 public:
  Branch(std::uint64_t seed, const SimulationOptions& options)
      : random_(seed), sim_(seed, MakeRegistry(), options) {
    EXPECT_TRUE(sim_.client().Start(kActor, "a", Account()).ok());
  }

  Simulation& sim() { return sim_; }
  std::uint64_t Below(std::uint64_t end) { return random_() % end; }
  void Send(const Command& command) {
    ASSERT_TRUE(sim_.client().RaiseEvent("a", kCommand, command).ok());
  }
  duroxide::Result<Account> Balance() { return OutputOf(sim_, kActor, "a"); }

 private:
  static duroxide::Registry MakeRegistry() {
    duroxide::Registry registry;
    RegisterActor(registry);
    return registry;
  }

  std::mt19937_64 random_;
  Simulation sim_;
};

// Commands are sent at random moments, some twice, many at once: the actor is in the middle of
// something, or about to continue as new.
TEST(ActorTest, TheBalanceIsTheSumOfTheCommandsEachOnce) {
  ForSeeds(300, [](std::uint64_t seed, const SimulationOptions& options) {
    Branch branch(seed, options);
    Account expected;
    const auto commands = static_cast<std::int64_t>(20 + branch.Below(100));
    for (std::int64_t number = 1; number <= commands; ++number) {
      const auto amount = static_cast<std::int64_t>(branch.Below(200)) - 100;
      const Command command(number, amount, false);
      branch.Send(command);
      if (branch.Below(5) == 0) branch.Send(command);
      TakeSteps(branch.sim(), branch.Below(4));
      expected.commands = number;
      if (expected.balance + amount < 0) {
        ++expected.refused;
      } else {
        expected.balance += amount;
      }
    }
    branch.Send(Command(commands + 1, 0, true));
    Finish(branch.sim());
    const auto account = branch.Balance();
    ASSERT_TRUE(account.ok()) << account.status();
    EXPECT_EQ(account->balance, expected.balance);
    EXPECT_EQ(account->refused, expected.refused);
    EXPECT_EQ(account->commands, commands + 1);
  });
}

TEST(ActorTest, TheMapTellsTheAccountAndOutlivesExecutions) {
  Branch branch(1, SimulationOptions::Calm());
  for (std::int64_t number = 1; number <= 3 * kCommandsPerExecution; ++number) {
    branch.Send(Command(number, 2, false));
  }
  ASSERT_TRUE(branch.sim().Run().ok());
  const std::vector<RecordedHistory> executions = HistoriesOf(branch.sim(), "a");
  ASSERT_EQ(executions.size(), 4U);
  const auto before =
      duroxide::Codec<Account>::Decode(executions.back().kv.at(std::string(kAccountKey)).value);
  ASSERT_TRUE(before.ok()) << before.status();
  EXPECT_EQ(before->balance, 3 * kCommandsPerExecution * 2);
  EXPECT_EQ(StatusOf(branch.sim(), "a").custom_status.value, "75 commands, balance 150");
}

TEST(ActorTest, WhatIsNoCommandIsSkipped) {
  Branch branch(1, SimulationOptions::Calm());
  ASSERT_TRUE(branch.sim().client().RaiseEvent("a", kCommand.name(), "give me all of it").ok());
  branch.Send(Command(1, 5, true));
  Finish(branch.sim());
  EXPECT_EQ(branch.Balance()->balance, 5);
}

}  // namespace
}  // namespace orchestrations
