// What an instance may go on with for ever, and what is refused at once.

#include <gtest/gtest.h>

#include "duroxide_runtime/internal/turn_batch.h"
#include "tests/duroxide_runtime/check_history.h"
#include "tests/duroxide_runtime/samples.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT

using Output = Task<Result<std::string>>;

// --- The key-value map --------------------------------------------------------------------------

// As many keys as the number given; each is there for a while, a hundred of them over a turn's end.
Output TouchesKeys(OrchestrationContext ctx, std::string keys) {
  const int all = std::stoi(keys);
  for (int key = 0; key < all; ++key) {
    ctx.SetKv("key " + std::to_string(key), key);
    if (key >= 100) ctx.EraseKv("key " + std::to_string(key - 100));
    if (key % 4'000 == 0) static_cast<void>(co_await ctx.WaitForEvent<std::string>("e"));
  }
  ctx.ClearKv();
  co_return "done";
}

TEST(LimitsTest, EndOfAnExecutionDoesNotGrowWithTheKeysItHasTouched) {
  Engine engine(TouchesKeys);
  TurnOutcome outcome = engine.Start("40000");
  for (int turn = 0; turn < 10; ++turn) outcome = engine.Raise("e", "");
  ASSERT_EQ(LastOf(engine), "OrchestrationCompleted output \"done\"");
  EXPECT_TRUE(outcome.deltas.back().kv_changes.empty());
}

// Of the execution's own metadata, as the batches of its turns leave it.
void ApplyOwnMetadata(const std::vector<tandem::Operation>& batch,
                      std::map<std::string, std::string>& records) {
  for (const tandem::Operation& operation : batch) {
    const auto* update = std::get_if<tandem::UpdateMetadata>(&operation);
    if (update == nullptr || update->stream != HistoryStream("instance", 1)) continue;
    for (const std::string& key : update->erase) records.erase(key);
    for (const auto& [key, value] : update->set) records.insert_or_assign(key, value);
  }
}

TEST(LimitsTest, ErasedKeysThatNoExecutionHasLeftLeaveNoRecord) {
  const Engine engine(TouchesKeys);
  TurnInput input;
  input.instance = "instance";
  input.items = {StartItem{"test", "4200"}};
  std::map<std::string, std::string> records;
  const auto run = [&] {
    const TurnOutcome outcome = RunTurn(input, engine.registry());
    const History& events = outcome.deltas.back().events;
    input.history.insert(input.history.end(), events.begin(), events.end());
    input.items = {EventRaisedItem{"e", ""}};
    ApplyOwnMetadata(TurnBatch(input, outcome, IdClaims(), {}), records);
  };
  run();
  EXPECT_EQ(records.size(), 1u);
  run();
  EXPECT_EQ(records.size(), 100u);
  run();
  ASSERT_EQ(LastOf(input.history), "OrchestrationCompleted output \"done\"");
  EXPECT_TRUE(records.empty());
}

}  // namespace
}  // namespace duroxide
