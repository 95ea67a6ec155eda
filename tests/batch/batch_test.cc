// The value that is a batch: what its verbs add, and that each handle names its own result.

#include "tandem/batch/batch.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <variant>

#include "tandem/batch/memory_provider.h"

namespace tandem {
namespace {

TEST(BatchTest, EachVerbAddsItsOperation) {
  Batch batch;
  batch.Append({"a", 1}, {"1", "2"}, Expected::NoStream());
  batch.UpdateMetadata("a", {{"key", "value"}}, {"old"});
  batch.DeletePartition({"a", 2});
  batch.DeleteEntity("b");
  batch.CheckVersion("c", Expected::Exactly(3));
  batch.CheckMetadata("c", "key", std::nullopt);
  batch.Enqueue("mail", "hello", {.key = "k"});
  batch.Ack(LockToken{"token"});
  batch.Abandon(LockToken{"token"}, {.count = false});
  batch.Cancel("mail", "k");
  batch.DeleteGroup("mail", "g", 7);
  ASSERT_EQ(batch.size(), std::variant_size_v<Operation>) << "a verb for every operation";
  for (std::size_t i = 0; i < batch.size(); ++i) EXPECT_EQ(batch.operations()[i].index(), i);

  const auto& append = std::get<AppendEvents>(batch.operations()[0]);
  EXPECT_EQ(append.stream, (StreamId{"a", 1}));
  EXPECT_EQ(append.events, (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(append.expected.ToString(), Expected::NoStream().ToString());
  const auto& update = std::get<UpdateMetadata>(batch.operations()[1]);
  EXPECT_EQ(update.stream, (StreamId{"a", 0})) << "an entity alone is its partition 0";
  EXPECT_EQ(update.erase, (std::vector<std::string>{"old"}));
  EXPECT_EQ(std::get<Enqueue>(batch.operations()[6]).options.key, "k");
  EXPECT_FALSE(std::get<AbandonMessages>(batch.operations()[8]).count);
  EXPECT_EQ(std::get<DeleteGroup>(batch.operations()[10]).portion, 7U);
}

TEST(BatchTest, PayloadsAreOneTextOrAList) {
  const auto taken = [](Payloads payloads) { return std::move(payloads).Take(); };
  using Texts = std::vector<std::string>;
  EXPECT_EQ(taken("one"), (Texts{"one"}));
  EXPECT_EQ(taken(std::string("one")), (Texts{"one"}));
  EXPECT_EQ(taken({"one"}), (Texts{"one"}));
  EXPECT_EQ(taken({"one", "two"}), (Texts{"one", "two"})) << "and no text from two pointers";
  EXPECT_EQ(taken(Texts{"one", "two"}), (Texts{"one", "two"}));
  EXPECT_EQ(taken({}), Texts());
}

TEST(BatchTest, AHandleNamesItsResultWhateverStandsBefore) {
  MemoryProvider store;
  Batch batch;
  batch.CheckVersion("a", Expected::NoStream());
  const auto mail = batch.Enqueue("mail", "hello");
  const auto placed = batch.Append("a", {"1", "2"});
  const auto cancelled = batch.Cancel("mail", "nobody");
  const auto result = store.AtomicBatch(batch);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ((*result)[placed].first, 1U);
  EXPECT_EQ((*result)[placed].version, 2U);
  EXPECT_EQ((*result)[mail].outcome, EnqueueOutcome::kQueued);
  EXPECT_FALSE((*result)[cancelled].cancelled);
}

TEST(BatchTest, AHandleNamesTheFailureOfItsOperation) {
  MemoryProvider store;
  Batch batch;
  batch.Enqueue("mail", "hello");
  const auto check = batch.CheckVersion("a", Expected::Exactly(4));
  const auto refused = store.AtomicBatch(batch);
  ASSERT_EQ(refused.status().failures().size(), 1U);
  EXPECT_EQ(refused.status().failures()[0].operation, check.index);
}

TEST(BatchTest, BatchesAreComposed) {
  Batch first = {CheckVersion("a", Expected::NoStream())};
  Batch second;
  second.Append("a", "1");
  first.Add(std::move(second));
  first.Add(Enqueue{"mail", "hello", {}});
  ASSERT_EQ(first.size(), 3U);
  EXPECT_TRUE(std::holds_alternative<AppendEvents>(first.operations()[1]));
  EXPECT_TRUE(Batch().empty());
}

TEST(BatchDeathTest, AHandleOfAnotherBatchFailsACheck) {
  Batch longer;
  longer.CheckVersion("a", Expected::NoStream());
  const auto append = longer.Append("a", "1");
  BatchResult shorter;
  EXPECT_DEATH((void)shorter[append], "another batch");
  shorter.operations = {OperationResult(), EnqueueResult()};
  EXPECT_DEATH((void)shorter[append], "another batch");
}

}  // namespace
}  // namespace tandem
