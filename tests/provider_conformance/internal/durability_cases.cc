// What stays, and the asynchronous form of a batch (B10, B11).

#include <string>
#include <vector>

#include "tandem/tests/provider_conformance/internal/conformance_test.h"

namespace tandem::conformance {

CONFORMANCE_CHAPTER(Durability)

namespace {

class DurabilityTest : public ConformanceTest {
 protected:
  Batch Step(int i) const {
    return {AppendEvents{a_, {std::to_string(i)}, Expected::Exactly(static_cast<Version>(i) - 1)},
            Enqueue{kQueue, std::to_string(i), {}}};
  }

  const StreamId a_{"a", 0};
};

CONFORMANCE_CASE(Durability, WhatWasAcknowledgedIsThereAfterReopen,
                 Shows("B10").Needs(Part::kReopen)) {
  for (int i = 1; i <= 20; ++i) {
    Commit(Step(i), {i % 2 == 0 ? tandem::Durability::kBuffered : tandem::Durability::kSync, {}});
    if (i % 7 == 0) Reopen();
  }
  Must(store().Flush());
  Reopen();
  EXPECT_EQ(Events(a_), Numbered("", 20));
  EXPECT_EQ(TextsOf(Drain(kQueue)), Numbered("", 20));
}

CONFORMANCE_CASE(Durability, ABufferedBatchIsVisibleAtOnce, Shows("B10")) {
  Commit(Step(1), {tandem::Durability::kBuffered, {}});
  EXPECT_EQ(Events(a_), Texts{"1"});
  EXPECT_EQ(TakeTexts(kQueue), Texts{"1"});
  Must(store().Flush());
  Must(store().Flush());
}

CONFORMANCE_CASE(Durability, TheEndOfALeaseCanBeBuffered, Shows("B10")) {
  Put(kQueue, "x");
  Must(store().Abandon(TakeOne(kQueue).lock_token, {.durability = tandem::Durability::kBuffered}));
  Must(store().Ack(TakeOne(kQueue).lock_token, {.durability = tandem::Durability::kBuffered}));
  EXPECT_TRUE(Take(kQueue).empty());
  Must(store().Flush());
}

CONFORMANCE_CASE(Durability, AnAcknowledgedBatchIsVisibleToItsCaller, Shows("B10", "B6")) {
  std::vector<std::future<void>> threads;
  for (std::uint64_t thread = 0; thread < 4; ++thread) {
    threads.push_back(std::async(std::launch::async, [this, thread] {
      const StreamId mine{"own", thread};
      for (Version version = 1; version <= 30; ++version) {
        Append(mine, {"x"});
        ASSERT_EQ(Head(mine), version);
      }
    }));
  }
  for (auto& thread : threads) thread.get();
}

CONFORMANCE_CASE(Durability, AnAsynchronousBatchCallsBackOnce,
                 Shows("B11").Needs(Part::kAsynchronous)) {
  const auto done = CommitLater(Step(1));
  ASSERT_EQ(Must(done.Get()).operations.size(), 2U);
  EXPECT_EQ(Events(a_), Texts{"1"}) << "visible when it is acknowledged";
  const auto refused = CommitLater(Step(1));
  EXPECT_EQ(Code(refused.Get()), StatusCode::kConflict);
  EXPECT_EQ(refused.Get().status().failures().size(), 1U);
  Close();
  for (const auto& answer : {done, refused}) {
    EXPECT_EQ(answer.count(), 1U);
    EXPECT_FALSE(answer.came_within_the_call());
  }
}

CONFORMANCE_CASE(Durability, ABadArgumentIsToldByTheCallback,
                 Shows("B11").Needs(Part::kAsynchronous)) {
  const auto answer = CommitLater({AppendEvents{{"", 0}, {"x"}}});
  EXPECT_EQ(Code(answer.Get()), StatusCode::kInvalidArgument);
  EXPECT_FALSE(answer.came_within_the_call());
  EXPECT_TRUE(Must(CommitLater({}).Get()).operations.empty());
}

CONFORMANCE_CASE(Durability, BatchesOfOneThreadKeepTheirOrder,
                 Shows("B11").Needs(Part::kAsynchronous)) {
  constexpr int kBatches = 200;
  std::vector<Answer<BatchResult>> answers;
  for (int i = 1; i < kBatches; ++i) {
    answers.push_back(CommitLater(
        Step(i), {i % 3 == 0 ? tandem::Durability::kBuffered : tandem::Durability::kSync, {}}));
  }
  Commit(Step(kBatches));  // the blocking form keeps its place, too
  for (const auto& answer : answers) Must(answer.Get());
  EXPECT_EQ(Events(a_), Numbered("", kBatches));
  EXPECT_EQ(TextsOf(Drain(kQueue)), Numbered("", kBatches));
}

CONFORMANCE_CASE(Durability, AThousandBatchesAtOnceAreAnsweredOnceEach,
                 Shows("B11", "E7").Needs(Part::kAsynchronous)) {
  constexpr std::size_t kBatches = 1000;
  std::vector<Answer<BatchResult>> answers;
  for (std::size_t i = 0; i < kBatches; ++i) {
    answers.push_back(CommitLater({AppendEvents{{"many", i % 10}, {"x"}}}));
  }
  for (std::size_t i = 0; i < kBatches; ++i) {
    const auto result = std::get<AppendResult>(Must(answers[i].Get()).operations.at(0));
    ASSERT_EQ(result.position, i + 1);
  }
  Close();
  for (const auto& answer : answers) ASSERT_EQ(answer.count(), 1U);
}

CONFORMANCE_CASE(Durability, ClosingAnswersEveryBatch,
                 Shows("B11", "B10").Needs(Part::kAsynchronous).Needs(Part::kReopen)) {
  std::vector<Answer<BatchResult>> answers;
  for (int i = 1; i <= 50; ++i) answers.push_back(CommitLater(Step(i)));
  Reopen();
  Version applied = 0;
  for (const auto& answer : answers) {
    ASSERT_EQ(answer.count(), 1U);
    if (answer.Get().ok()) ++applied;
  }
  EXPECT_EQ(Head(a_), applied);
}

}  // namespace
}  // namespace tandem::conformance
