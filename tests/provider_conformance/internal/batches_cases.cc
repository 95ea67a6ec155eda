// Batches: whole, in order, with a result for each operation (B1, B5, B8, B12).

#include <string>
#include <vector>

#include "tandem/tests/provider_conformance/internal/conformance_test.h"

namespace tandem::conformance {

CONFORMANCE_CHAPTER(Batches)

namespace {

class BatchesTest : public ConformanceTest {
 protected:
  const StreamId a_{"a", 0};
  const StreamId b_{"b", 0};
};

CONFORMANCE_CASE(Batches, ABatchAppliesAcrossBothStores, Shows("B1").Needs(Part::kReopen)) {
  Put(kQueue, "command");
  const LockToken token = TakeOne(kQueue).lock_token;
  Commit({DeleteMessages{token}, AppendEvents{a_, {"1"}, Expected::NoStream()},
          UpdateMetadata{b_, {{"k", "v"}}, {}}, Enqueue{"mail", "sent", {}},
          AppendEvents{b_, {"x", "y"}}});
  for (int round = 0; round < 2; ++round) {
    EXPECT_TRUE(Take(kQueue).empty());
    EXPECT_EQ(Events(a_), Texts{"1"});
    EXPECT_EQ(Events(b_), (Texts{"x", "y"}));
    EXPECT_EQ(MetadataOf(b_), (Entries{{"k", "v"}}));
    EXPECT_EQ(TakeTexts("mail"), Texts{"sent"});
    Reopen();
  }
}

CONFORMANCE_CASE(Batches, EachOperationHasItsResult, Shows("B5")) {
  Put(kQueue, "1");
  Put(kQueue, "2");
  Put(kQueue, "3", {.key = "k"});
  PutIn("g", "4");
  Append({"old", 0}, {"x"});
  const LockToken first = TakeOne(kQueue).lock_token;
  const LockToken second = TakeOne(kQueue).lock_token;
  const auto results = Commit({CheckVersion{a_, Expected::NoStream()}, AppendEvents{a_, {"1", "2"}},
                               UpdateMetadata{a_, {{"k", "v"}}, {}}, DeleteEntity{"old"},
                               CheckMetadata{a_, "k", std::nullopt}, Enqueue{"mail", "m", {}},
                               DeleteMessages{first}, AbandonMessages{second, {}, true},
                               CancelMessage{kQueue, "k"}, DeleteGroup{kQueue, "g"}});
  ASSERT_EQ(results.size(), 10U);
  for (const std::size_t silent : {0U, 2U, 4U, 6U, 7U}) {
    EXPECT_TRUE(std::holds_alternative<std::monostate>(results[silent])) << silent;
  }
  EXPECT_EQ(std::get<AppendResult>(results[1]).version, 2U);
  EXPECT_EQ(std::get<DeleteEventsResult>(results[3]).events, 1U);
  EXPECT_EQ(std::get<EnqueueResult>(results[5]).outcome, EnqueueOutcome::kQueued);
  EXPECT_TRUE(std::get<CancelResult>(results[8]).cancelled);
  EXPECT_EQ(std::get<DeleteGroupResult>(results[9]).messages, 1U);
}

CONFORMANCE_CASE(Batches, AnEmptyBatchSucceeds, Shows("B8", "B5")) {
  const BatchResult result = CommitWhole({}, {});
  EXPECT_TRUE(result.operations.empty());
  EXPECT_FALSE(result.repeated);
}

CONFORMANCE_CASE(Batches, MessagesOfABatchAreInItsOrder, Shows("B5", "Q1", "D1")) {
  const auto results = Commit({Enqueue{"b", "1", {}}, Enqueue{"a", "2", {}},
                               Enqueue{"b", "3", {.group = "g"}}, Enqueue{"a", "4", {}}});
  MessageId last = 0;
  for (const OperationResult& result : results) {
    EXPECT_GT(std::get<EnqueueResult>(result).id, last);
    last = std::get<EnqueueResult>(result).id;
  }
  Texts all;
  for (int i = 0; i < 4; ++i) all.push_back(TakeFrom({"a", "b"}).at(0).payload);
  EXPECT_EQ(all, Numbered("", 4));
}

CONFORMANCE_CASE(Batches, AnAbandonedMessageKeepsItsPlaceBesideOthers, Shows("B5", "L5", "L6")) {
  for (const std::string& payload : Numbered("", 3)) Put(kQueue, payload);
  const LockToken first = TakeOne(kQueue).lock_token;
  const LockToken second = TakeOne(kQueue).lock_token;
  Commit({AbandonMessages{first, {}, true}, AbandonMessages{second, kSecond, false},
          Enqueue{kQueue, "4", {}}});
  EXPECT_EQ(TextsOf(Drain(kQueue)), (Texts{"1", "3", "4"}));
  clock().Advance(kSecond);
  const Delivery back = TakeOne(kQueue);
  EXPECT_EQ(back.payload, "2");
  EXPECT_EQ(back.delivery_count, 1U);
}

CONFORMANCE_CASE(Batches, NamesThatArePrefixesOfOthersDoNotMix, Shows("B12").Needs(Part::kReopen)) {
  const Texts names = {
      "x",     "xx",   Bytes("\0"), Bytes("\0\0"), Bytes("x\0"), Bytes("x\0\1"), Bytes("x\0\xFF"),
      "x\xFF", "\xFF", "\xFF\xFF",  "x/dead",      "/",          "x\1"};
  Batch batch;
  for (const std::string& name : names) {
    for (const std::uint64_t partition : {std::uint64_t{0}, std::uint64_t{255}, kVersionMax}) {
      const std::string tag = name + "|" + std::to_string(partition);
      batch.Add(AppendEvents{{name, partition}, {tag}, Expected::NoStream()});
      batch.Add(UpdateMetadata{{name, partition}, {{name, tag}}, {}});
    }
    batch.Add(Enqueue{name, name, {.key = name}});
    batch.Add(Enqueue{name, name + " of a group", {.group = name}});
  }
  Commit(std::move(batch));
  Reopen();
  for (const std::string& name : names) {
    for (const std::uint64_t partition : {std::uint64_t{0}, std::uint64_t{255}, kVersionMax}) {
      const std::string tag = name + "|" + std::to_string(partition);
      EXPECT_EQ(Events({name, partition}), Texts{tag});
      EXPECT_EQ(MetadataOf({name, partition}), (Entries{{name, tag}}));
    }
    EXPECT_EQ(Latest(name)->partition, kVersionMax);
    EXPECT_EQ(TextsOf(Drain(name)), (Texts{name, name + " of a group"}));
    EXPECT_TRUE(Cancel(name, name));
  }
}

CONFORMANCE_CASE(Batches, PayloadsAreBytes, Shows("B12", "E8", "Q1").Needs(Part::kReopen)) {
  std::string all_bytes;
  for (int byte = 0; byte < 256; ++byte) all_bytes.push_back(static_cast<char>(byte));
  const Texts payloads = {"", Bytes("\0"), Bytes("\0\0\0\0\0\0\0\0"), "\xFF", all_bytes};
  Append(a_, payloads);
  for (const std::string& payload : payloads) Put(kQueue, payload);
  SetMetadata(a_, {{"all", all_bytes}, {"none", ""}});
  Reopen();
  EXPECT_EQ(Events(a_), payloads);
  EXPECT_EQ(TextsOf(Drain(kQueue)), payloads);
  EXPECT_EQ(MetadataOf(a_), (Entries{{"all", all_bytes}, {"none", ""}}));
}

}  // namespace
}  // namespace tandem::conformance
