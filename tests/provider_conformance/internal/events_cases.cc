// Events: versions, positions, expectations (E).

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "tandem/tests/provider_conformance/internal/conformance_test.h"

namespace tandem::conformance {

CONFORMANCE_CHAPTER(Events)

namespace {

class EventsTest : public ConformanceTest {
 protected:
  // All expectations that there are, for streams of up to two events.
  static std::vector<Expected> Expectations() {
    return {Expected::Any(),      Expected::NoStream(), Expected::Exists(),  Expected::Exactly(0),
            Expected::Exactly(1), Expected::Exactly(2), Expected::Exactly(3)};
  }

  const StreamId a_{"a", 0};
  const StreamId b_{"b", 0};
};

CONFORMANCE_CASE(Events, VersionsAreConsecutiveFromOne, Shows("E1", "E2")) {
  EXPECT_EQ(Head(a_), 0U);
  const AppendResult one = Append(a_, {"1"});
  EXPECT_EQ(one.first, 1U);
  EXPECT_EQ(one.version, 1U);
  const AppendResult more = Append(a_, {"2", "3", "4"});
  EXPECT_EQ(more.first, 2U);
  EXPECT_EQ(more.version, 4U);
  EXPECT_EQ(Head(a_), 4U);
}

CONFORMANCE_CASE(Events, AStreamWithMetadataOnlyIsAtVersionZero, Shows("E1", "E3")) {
  SetMetadata(a_, {{"k", "v"}});
  EXPECT_EQ(Head(a_), 0U);
  ExpectRefused({AppendEvents{a_, {"x"}, Expected::Exists()}});
  EXPECT_EQ(Append(a_, {"1"}, Expected::NoStream()).first, 1U);
}

CONFORMANCE_CASE(Events, AnAppendAppliesAllOrNone, Shows("E2")) {
  const std::string too_large(kPayloadBytesMax + 1, 'x');
  EXPECT_EQ(Code(store().Append(a_, {"1", too_large, "3"})), StatusCode::kTooLarge);
  EXPECT_EQ(Head(a_), 0U);
  EXPECT_EQ(Append(a_, {"1", "2"}).position, 2U) << "the position is that of the last event";
}

CONFORMANCE_CASE(Events, EachExpectationHoldsExactlyWhereItShould, Shows("E3", "E4")) {
  for (Version head = 0; head <= 2; ++head) {
    for (const Expected& expected : Expectations()) {
      const StreamId stream{"s" + std::to_string(head) + expected.ToString(), 7};
      if (head > 0) Append(stream, Texts(head, "x"));
      const auto appended = store().Append(stream, {"new"}, {expected, Durability::kSync, {}});
      const auto checked = store().AtomicBatch({CheckVersion{stream, expected}});
      ASSERT_EQ(appended.ok(), expected.Holds(head)) << expected.ToString() << " at " << head;
      ASSERT_EQ(Head(stream), head + (appended.ok() ? 1 : 0));
      ASSERT_EQ(checked.ok(), expected.Holds(Head(stream))) << expected.ToString();
    }
  }
}

CONFORMANCE_CASE(Events, AConflictTellsWhatWasExpectedAndFound, Shows("E4")) {
  Append(a_, {"1", "2"});
  const Expected seven = Expected::Exactly(7);
  const Status status = store().Append(a_, {"3"}, {seven, Durability::kSync, {}}).status();
  ASSERT_EQ(status.code(), StatusCode::kConflict) << status;
  ASSERT_NE(status.conflict(), nullptr);
  EXPECT_EQ(status.conflict()->entity, a_.entity);
  EXPECT_EQ(status.conflict()->partition, a_.partition);
  EXPECT_EQ(status.conflict()->key, std::nullopt);
  EXPECT_EQ(status.conflict()->expected, seven.ToString());
  EXPECT_EQ(status.conflict()->actual, 2U);
  EXPECT_EQ(Events(a_), (Texts{"1", "2"}));
  EXPECT_EQ(Append(b_, {"x"}).position, 3U);
}

CONFORMANCE_CASE(Events, AnAppendOfNoEventsChecksAndChangesNothing, Shows("E5")) {
  const AppendResult of_missing = Append(a_, {}, Expected::NoStream());
  EXPECT_EQ(of_missing.first, 1U);
  EXPECT_EQ(of_missing.version, 0U);
  EXPECT_EQ(of_missing.position, 0U);
  EXPECT_EQ(Latest("a"), std::nullopt);
  EXPECT_EQ(Code(Refused({AppendEvents{a_, {}, Expected::Exists()}})), StatusCode::kConflict);
  Append(a_, {"1", "2"});
  const AppendResult of_two = Append(a_, {}, Expected::Exactly(2));
  EXPECT_EQ(of_two.first, 3U);
  EXPECT_EQ(of_two.version, 2U);
  EXPECT_EQ(of_two.position, 0U);
  EXPECT_EQ(Append(b_, {"x"}).position, 3U) << "no position was taken";
}

CONFORMANCE_CASE(Events, AppendsOfABatchConcatenate, Shows("E6", "E7", "B2")) {
  Append(a_, {"1"});
  const auto results = Commit({AppendEvents{a_, {"2", "3"}, Expected::Exactly(1)},
                               AppendEvents{b_, {"x"}, Expected::NoStream()},
                               AppendEvents{a_, {"4"}, Expected::Exactly(1)}});
  const auto& first = std::get<AppendResult>(results[0]);
  const auto& second = std::get<AppendResult>(results[2]);
  EXPECT_EQ(first.first, 2U);
  EXPECT_EQ(first.version, 3U);
  EXPECT_EQ(first.position, 3U);
  EXPECT_EQ(std::get<AppendResult>(results[1]).position, 4U);
  EXPECT_EQ(second.first, 4U);
  EXPECT_EQ(second.version, 4U);
  EXPECT_EQ(second.position, 5U) << "in list order";
  EXPECT_EQ(Events(a_), Numbered("", 4));
}

CONFORMANCE_CASE(Events, ALaterAppendOfABatchIsNotJudgedByAnEarlierOne, Shows("E6", "B2")) {
  ExpectRefused({AppendEvents{a_, {"1"}}, AppendEvents{a_, {"2"}, Expected::Exactly(1)}});
  EXPECT_EQ(Head(a_), 0U);
}

CONFORMANCE_CASE(Events, ARefusedBatchTakesNoPosition, Shows("E7")) {
  EXPECT_EQ(Append(a_, {"1"}).position, 1U);
  ExpectRefused({AppendEvents{a_, {"2"}}, AppendEvents{b_, {"x"}, Expected::Exists()}});
  EXPECT_EQ(Append(b_, {"x", "y"}).position, 3U);
}

CONFORMANCE_CASE(Events, PositionsOfManyWritersHaveNoGap, Shows("E7", "E1")) {
  constexpr int kThreads = 4;
  constexpr int kAppends = 50;
  std::vector<std::vector<Position>> positions(kThreads);
  std::vector<std::future<void>> writers;
  for (int thread = 0; thread < kThreads; ++thread) {
    writers.push_back(std::async(std::launch::async, [&, thread] {
      for (int i = 0; i < kAppends; ++i) {
        const StreamId stream{i % 2 == 0 ? "shared" : "own" + std::to_string(thread), 0};
        positions[thread].push_back(Append(stream, {"x"}).position);
      }
    }));
  }
  for (auto& writer : writers) writer.get();
  std::vector<Position> all;
  for (const auto& some : positions) {
    EXPECT_TRUE(std::ranges::is_sorted(some)) << "a writer's positions follow its order";
    all.insert(all.end(), some.begin(), some.end());
  }
  std::ranges::sort(all);
  for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i], i + 1);
  EXPECT_EQ(Head({"shared", 0}), static_cast<Version>(kThreads * kAppends / 2));
}

CONFORMANCE_CASE(Events, AnEventKeepsWhatItIs, Shows("E8").Needs(Part::kReopen)) {
  const Timestamp appended = clock().Now();
  const std::string payload = Bytes("zero \0 and \xFF");
  Append(b_, {"x"});
  const Position position = Append(a_, {payload, ""}).position;
  clock().Advance(kHour);
  Append(a_, {"later"});
  for (int round = 0; round < 2; ++round) {
    const EventPage page = Page(a_);
    ASSERT_EQ(page.events.size(), 3U);
    EXPECT_EQ(page.events[0].version, 1U);
    EXPECT_EQ(page.events[0].position, position - 1);
    EXPECT_EQ(page.events[0].appended_at, appended);
    EXPECT_EQ(page.events[0].payload, payload);
    EXPECT_EQ(page.events[1].payload, "");
    EXPECT_EQ(page.events[2].appended_at, appended + kHour);
    Reopen();
  }
  EXPECT_EQ(Append(a_, {"next"}).position, 5U) << "positions go on after reopen";
}

CONFORMANCE_CASE(Events, ADeletedVersionIsNeverUsedAgain, Shows("E9", "X5")) {
  Append(a_, {"1", "2"});
  Append({"a", 1}, {"x"});
  DeleteStream(a_);
  EXPECT_EQ(Code(store().Append(a_, {"new 1"})), StatusCode::kConflict);
  DeleteWhole("a");
  EXPECT_EQ(Code(store().Append(a_, {"new 1"})), StatusCode::kConflict);
  EXPECT_EQ(Code(store().Append({"a", 1}, {"new x"})), StatusCode::kConflict);
}

CONFORMANCE_CASE(Events, ATruncatedVersionIsNeverUsedAgain, Shows("E9", "A6").Needs(Part::kAdmin)) {
  Append(a_, {"1", "2"});
  Must(admin().Truncate(a_, 3));
  EXPECT_EQ(Append(a_, {"3"}, Expected::Exactly(2)).first, 3U);
}

}  // namespace
}  // namespace tandem::conformance
