// Batch ids: a batch that may be repeated after an unknown outcome (I).

#include <string>
#include <variant>
#include <vector>

#include "tandem/tests/provider_conformance/internal/conformance_test.h"

namespace tandem::conformance {

CONFORMANCE_CHAPTER(BatchIds)

namespace {

class BatchIdsTest : public ConformanceTest {
 protected:
  static BatchOptions Id(const std::string& id) { return {Durability::kSync, id}; }

  Batch Send(const std::string& payload) const {
    return {AppendEvents{a_, {payload}, Expected::Any()},
            Enqueue{kQueue, payload, {.key = "k"}},
            CancelMessage{"other", "k"},
            DeleteGroup{"other", "g"},
            DeleteEntity{"old"},
            Enqueue{kQueue, payload, {.key = "k"}},
            CancelMessage{"other", "k"},
            UpdateMetadata{a_, {{"k", "v"}}, {}}};
  }

  const StreamId a_{"a", 0};
};

CONFORMANCE_CASE(BatchIds, ARepeatAppliesNothingAndReturnsTheFirstResult,
                 Shows("I1").Needs(Part::kReopen)) {
  Append({"old", 0}, {"1", "2"});
  Put("other", "x", {.group = "g", .key = "k"});
  const BatchResult first = CommitWhole(Send("x"), Id("id"));
  EXPECT_FALSE(first.repeated);
  for (int round = 0; round < 2; ++round) {
    const BatchResult again = CommitWhole(Send("x"), Id("id"));
    EXPECT_TRUE(again.repeated);
    ASSERT_EQ(again.operations.size(), 8U);
    const auto& append = std::get<AppendResult>(again.operations[0]);
    EXPECT_EQ(append.first, 1U);
    EXPECT_EQ(append.version, 1U);
    EXPECT_EQ(append.position, std::get<AppendResult>(first.operations[0]).position);
    const auto& enqueue = std::get<EnqueueResult>(again.operations[1]);
    EXPECT_EQ(enqueue.id, std::get<EnqueueResult>(first.operations[1]).id);
    EXPECT_EQ(enqueue.outcome, EnqueueOutcome::kQueued);
    EXPECT_TRUE(std::get<CancelResult>(again.operations[2]).cancelled);
    EXPECT_EQ(std::get<DeleteGroupResult>(again.operations[3]).messages, 0U);
    EXPECT_EQ(std::get<DeleteEventsResult>(again.operations[4]).events, 2U);
    const auto& duplicate = std::get<EnqueueResult>(again.operations[5]);
    EXPECT_EQ(duplicate.id, enqueue.id);
    EXPECT_EQ(duplicate.outcome, EnqueueOutcome::kDuplicate);
    EXPECT_FALSE(std::get<CancelResult>(again.operations[6]).cancelled);
    EXPECT_TRUE(std::holds_alternative<std::monostate>(again.operations[7]));
    EXPECT_EQ(Head(a_), 1U);
    EXPECT_EQ(Drain(kQueue).size(), 1U);
    Reopen();
  }
}

CONFORMANCE_CASE(BatchIds, TheDurabilityOfARepeatMayDiffer, Shows("I1")) {
  CommitWhole(Send("x"), {Durability::kBuffered, "id"});
  EXPECT_TRUE(CommitWhole(Send("x"), {Durability::kSync, "id"}).repeated);
}

CONFORMANCE_CASE(BatchIds, IdsAreIndependent, Shows("I1", "B12")) {
  for (const std::string& id : {std::string("i"), std::string("id"), Bytes("i\0"), Bytes("\0")}) {
    EXPECT_FALSE(CommitWhole({AppendEvents{a_, {"x"}}}, Id(id)).repeated);
  }
  CommitWhole({AppendEvents{a_, {"x"}}}, {});
  CommitWhole({AppendEvents{a_, {"x"}}}, {});
  EXPECT_EQ(Head(a_), 6U) << "no id is no id";
}

CONFORMANCE_CASE(BatchIds, OtherOperationsAreAMismatch, Shows("I2")) {
  CommitWhole({AppendEvents{a_, {"x"}}, Enqueue{kQueue, "m", {}}}, Id("id"));
  const std::vector<Batch> others = {
      {},
      {AppendEvents{a_, {"x"}}},
      {Enqueue{kQueue, "m", {}}, AppendEvents{a_, {"x"}}},
      {AppendEvents{a_, {"y"}}, Enqueue{kQueue, "m", {}}},
      {AppendEvents{a_, {"x", ""}}, Enqueue{kQueue, "m", {}}},
      {AppendEvents{{"a", 1}, {"x"}}, Enqueue{kQueue, "m", {}}},
      {AppendEvents{a_, {"x"}, Expected::NoStream()}, Enqueue{kQueue, "m", {}}},
      {AppendEvents{a_, {"x"}}, Enqueue{kQueue, "m", {.delay = kSecond}}},
      {AppendEvents{a_, {"x"}}, Enqueue{kQueue, "m", {.group = "g"}}},
      {AppendEvents{a_, {"x"}}, Enqueue{kQueue, "m", {.key = "g"}}},
      {AppendEvents{a_, {"x"}}, Enqueue{kQueue, "m", {.visible_at = clock().Now()}}},
      {AppendEvents{a_, {"x"}}, Enqueue{kQueue, "m", {}}, CheckVersion{a_, Expected::Any()}}};
  for (std::size_t i = 0; i < others.size(); ++i) {
    EXPECT_EQ(Code(Refused(others[i], Id("id"))), StatusCode::kIdempotencyMismatch) << i;
  }
  EXPECT_EQ(Head(a_), 1U);
  EXPECT_EQ(Drain(kQueue).size(), 1U);
}

CONFORMANCE_CASE(BatchIds, ARepeatIsJudgedBeforeThePreconditions, Shows("I3")) {
  Put(kQueue, "x");
  const Batch batch = {DeleteMessages{TakeOne(kQueue).lock_token},
                       AppendEvents{a_, {"x"}, Expected::NoStream()},
                       CheckMetadata{a_, "k", std::nullopt}, UpdateMetadata{a_, {{"k", "v"}}, {}}};
  CommitWhole(batch, Id("id"));
  EXPECT_TRUE(CommitWhole(batch, Id("id")).repeated);
  ExpectLost(Refused(batch, Id("another id")), LeaseLoss::kGone);
  EXPECT_EQ(Head(a_), 1U);
}

CONFORMANCE_CASE(BatchIds, ARepeatSucceedsAfterReopenWithATokenOfBefore,
                 Shows("I3", "I5").Needs(Part::kReopen)) {
  Put(kQueue, "x");
  const Batch batch = {DeleteMessages{TakeOne(kQueue).lock_token}, AppendEvents{a_, {"x"}}};
  CommitWhole(batch, Id("id"));
  Reopen();
  EXPECT_TRUE(CommitWhole(batch, Id("id")).repeated);
  EXPECT_EQ(Head(a_), 1U);
}

CONFORMANCE_CASE(BatchIds, ARefusedBatchLeavesNoId, Shows("I4").Needs(Part::kReopen)) {
  ExpectRefused({AppendEvents{a_, {"x"}, Expected::Exists()}}, Id("id"));
  ExpectRefused({AppendEvents{{"", 0}, {"x"}}}, Id("id"));
  Reopen();
  EXPECT_FALSE(CommitWhole({AppendEvents{a_, {"y"}}}, Id("id")).repeated);
  EXPECT_EQ(Events(a_), Texts{"y"});
}

CONFORMANCE_CASE(BatchIds, AMismatchLeavesTheFirst, Shows("I2", "I4")) {
  CommitWhole({AppendEvents{a_, {"x"}}}, Id("id"));
  ExpectRefused({AppendEvents{a_, {"y"}}}, Id("id"));
  EXPECT_TRUE(CommitWhole({AppendEvents{a_, {"x"}}}, Id("id")).repeated);
}

CONFORMANCE_CASE(BatchIds, IdsAreKnownForTheRetentionTime, Shows("I5").Needs(Part::kReopen)) {
  for (int round = 0; round < 2; ++round) {
    const std::string id = "id " + std::to_string(round);
    const Batch batch = {AppendEvents{a_, {id}}};
    CommitWhole(batch, Id(id));
    clock().Advance(kind().batch_id_retention - kMicrosecond);
    if (round == 1) Reopen();
    EXPECT_TRUE(CommitWhole(batch, Id(id)).repeated) << "a repeat does not extend it";
    clock().Advance(kMicrosecond);
    if (round == 1) Reopen();
    EXPECT_FALSE(CommitWhole(batch, Id(id)).repeated);
  }
  EXPECT_EQ(Head(a_), 4U);
}

CONFORMANCE_CASE(BatchIds, ManyIdsAreForgottenInTheirTime, Shows("I5").Needs(Part::kReopen)) {
  const std::chrono::milliseconds step = kind().batch_id_retention / 100;
  for (const std::string& id : Numbered("", 100)) {
    CommitWhole({AppendEvents{a_, {id}}}, Id(id));
    clock().Advance(step);
  }
  Reopen();
  // The first was applied a retention time ago; each after it one step later.
  EXPECT_FALSE(CommitWhole({AppendEvents{a_, {"1"}}}, Id("1")).repeated);
  for (const std::string id : {"2", "50", "100"}) {
    EXPECT_TRUE(CommitWhole({AppendEvents{a_, {id}}}, Id(id)).repeated) << id;
  }
}

CONFORMANCE_CASE(BatchIds, AnIdIsAName, Shows("I6", "B8")) {
  const std::string longest(kNameBytesMax, '\xFF');
  CommitWhole({AppendEvents{a_, {"x"}}}, Id(longest));
  EXPECT_TRUE(CommitWhole({AppendEvents{a_, {"x"}}}, Id(longest)).repeated);
  EXPECT_EQ(Code(Refused({AppendEvents{a_, {"x"}}}, Id(longest + "x"))), StatusCode::kTooLarge);
  EXPECT_EQ(Head(a_), 1U);
}

CONFORMANCE_CASE(BatchIds, TheIdOfAnAppendIsTheSame, Shows("I6", "I1")) {
  const AppendOptions options{Expected::NoStream(), Durability::kSync, "id"};
  const AppendResult first = Must(store().Append(a_, {"x"}, options));
  const AppendResult again = Must(store().Append(a_, {"x"}, options));
  EXPECT_EQ(again.first, first.first);
  EXPECT_EQ(again.position, first.position);
  EXPECT_EQ(Head(a_), 1U);
  EXPECT_TRUE(CommitWhole({AppendEvents{a_, {"x"}, Expected::NoStream()}}, Id("id")).repeated);
  EXPECT_EQ(Code(store().Append(a_, {"y"}, options)), StatusCode::kIdempotencyMismatch);
}

CONFORMANCE_CASE(BatchIds, OfManyAtOnceOneIsApplied, Shows("I1", "B6")) {
  std::vector<std::future<BatchResult>> calls;
  for (int i = 0; i < 6; ++i) {
    calls.push_back(std::async(std::launch::async, [this] {
      return CommitWhole({AppendEvents{a_, {"x"}, Expected::NoStream()}}, Id("id"));
    }));
  }
  int applied = 0;
  for (auto& call : calls) applied += call.get().repeated ? 0 : 1;
  EXPECT_EQ(applied, 1);
  EXPECT_EQ(Head(a_), 1U);
}

}  // namespace
}  // namespace tandem::conformance
