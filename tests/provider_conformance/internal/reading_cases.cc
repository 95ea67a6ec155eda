// Reading pages of a stream, and the latest partition (R1-R7, R10).

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tandem/tests/provider_conformance/internal/conformance_test.h"

namespace tandem::conformance {

CONFORMANCE_CHAPTER(Reading)

namespace {

class ReadingTest : public ConformanceTest {
 protected:
  static ReadOptions Backward(std::optional<Version> from = {}, std::size_t max_events = 1000) {
    return {.from = from, .direction = Direction::kBackward, .max_events = max_events};
  }

  const StreamId a_{"a", 0};
  const StreamId none_{"none", 0};
};

CONFORMANCE_CASE(Reading, AForwardPageStartsAtFrom, Shows("R1")) {
  Append(a_, Numbered("", 5));
  const EventPage whole = Page(a_);
  EXPECT_EQ(TextsOf(whole), Numbered("", 5));
  EXPECT_EQ(whole.next, 6U);
  EXPECT_EQ(whole.head, 5U);
  EXPECT_EQ(whole.first, 1U);
  const EventPage part = Page(a_, {.from = 2, .max_events = 3});
  EXPECT_EQ(TextsOf(part), (Texts{"2", "3", "4"}));
  EXPECT_EQ(part.next, 5U);
  EXPECT_EQ(part.head, 5U);
  EXPECT_EQ(part.events.front().version, 2U);
}

CONFORMANCE_CASE(Reading, ForwardPagesFollowEachOtherToTheEnd, Shows("R1", "R5")) {
  Append(a_, Numbered("", 7));
  for (const std::size_t size : {1U, 2U, 3U, 7U, 100U}) {
    Texts all;
    for (Version from = 1; from <= 7;) {
      const EventPage page = Page(a_, {.from = from, .max_events = size});
      ASSERT_GT(page.next, from);
      for (const Event& event : page.events) all.push_back(event.payload);
      from = page.next;
    }
    EXPECT_EQ(all, Numbered("", 7)) << "in pages of " << size;
  }
}

CONFORMANCE_CASE(Reading, ABackwardPageGoesDown, Shows("R2")) {
  Append(a_, {"1", "2", "3"});
  for (const std::optional<Version> from : {std::optional<Version>(), {3}, {4}, {kVersionMax}}) {
    const EventPage page = Page(a_, Backward(from));
    EXPECT_EQ(TextsOf(page), (Texts{"3", "2", "1"}));
    EXPECT_EQ(page.next, 0U);
    EXPECT_EQ(page.head, 3U);
  }
  EXPECT_EQ(TextsOf(Page(a_, Backward(2))), (Texts{"2", "1"}));
}

CONFORMANCE_CASE(Reading, BackwardPagesFollowEachOtherToTheEnd, Shows("R2")) {
  Append(a_, {"1", "2", "3"});
  const EventPage upper = Page(a_, Backward({}, 2));
  EXPECT_EQ(TextsOf(upper), (Texts{"3", "2"}));
  EXPECT_EQ(upper.next, 1U);
  const EventPage lower = Page(a_, Backward(upper.next, 2));
  EXPECT_EQ(TextsOf(lower), Texts{"1"});
  EXPECT_EQ(lower.next, 0U);
  EXPECT_TRUE(Page(a_, Backward(lower.next)).events.empty());
}

CONFORMANCE_CASE(Reading, APageEndsAtMaxBytesButHasOneEvent, Shows("R3")) {
  Append(a_, {"12345", "12345", "1234567890", "1"});
  EXPECT_EQ(Page(a_, {.max_bytes = 10}).events.size(), 2U);
  EXPECT_EQ(Page(a_, {.max_bytes = 9}).events.size(), 1U);
  EXPECT_EQ(Page(a_, {.max_bytes = 0}).events.size(), 1U);
  const EventPage larger = Page(a_, {.from = 3, .max_bytes = 1});
  EXPECT_EQ(TextsOf(larger), Texts{"1234567890"});
  EXPECT_EQ(larger.next, 4U);
  ReadOptions backward = Backward();
  backward.max_bytes = 11;
  EXPECT_EQ(Page(a_, backward).events.size(), 2U);
}

CONFORMANCE_CASE(Reading, AMissingStreamIsAnEmptyPage, Shows("R4", "R2")) {
  const EventPage forward = Page(none_);
  EXPECT_TRUE(forward.events.empty());
  EXPECT_EQ(forward.head, 0U);
  EXPECT_EQ(forward.first, 1U);
  const EventPage backward = Page(none_, Backward());
  EXPECT_TRUE(backward.events.empty());
  EXPECT_EQ(backward.next, 0U);
  EXPECT_EQ(backward.head, 0U);
}

CONFORMANCE_CASE(Reading, BeyondTheHeadThereIsNothingYet, Shows("R5")) {
  Append(a_, {"1", "2"});
  for (const Version from : {Version{3}, Version{4}, kVersionMax}) {
    const EventPage page = Page(a_, {.from = from});
    EXPECT_TRUE(page.events.empty());
    EXPECT_EQ(page.next, from);
    EXPECT_EQ(page.head, 2U);
  }
  EXPECT_EQ(Page(none_).next, 1U);
}

CONFORMANCE_CASE(Reading, WhatAsksForNothingIsInvalid, Shows("R6")) {
  EXPECT_EQ(Code(store().Read(a_, {.from = 0})), StatusCode::kInvalidArgument);
  EXPECT_EQ(Code(store().Read(a_, {.max_events = 0})), StatusCode::kInvalidArgument);
  EXPECT_EQ(Code(store().Read(a_, Backward({}, 0))), StatusCode::kInvalidArgument);
  EXPECT_EQ(Code(store().Read({"", 0}, {})), StatusCode::kInvalidArgument);
  EXPECT_EQ(Code(store().LatestPartition("")), StatusCode::kInvalidArgument);
}

CONFORMANCE_CASE(Reading, APageHasABatchWholeOrNotAtAll, Shows("R7", "B1")) {
  constexpr Version kBatches = 100;
  std::atomic<bool> done = false;
  auto reader = std::async(std::launch::async, [&] {
    while (!done) {
      for (const ReadOptions& options : {ReadOptions(), Backward()}) {
        const EventPage page = Page(a_, options);
        EXPECT_EQ(page.events.size() % 3, 0U);
        EXPECT_EQ(page.head, page.events.size());
      }
    }
  });
  for (Version i = 0; i < kBatches; ++i) {
    Commit({AppendEvents{a_, {"1", "2"}}, AppendEvents{a_, {"3"}}});
  }
  done = true;
  reader.get();
}

CONFORMANCE_CASE(Reading, TheLatestPartitionIsTheHighestWithEvents,
                 Shows("R10").Needs(Part::kReopen)) {
  EXPECT_EQ(Latest("a"), std::nullopt);
  SetMetadata({"a", 9}, {{"k", "v"}});
  EXPECT_EQ(Latest("a"), std::nullopt) << "metadata makes none";
  Append({"a", 3}, {"1", "2"});
  Append({"a", 1}, {"1"});
  Append({"ab", 7}, {"x"});
  const auto latest = Latest("a");
  ASSERT_TRUE(latest.has_value());
  EXPECT_EQ(latest->partition, 3U);
  EXPECT_EQ(latest->head, 2U);
  Reopen();
  EXPECT_EQ(Latest("a")->partition, 3U);
  Append({"a", kVersionMax}, {"1"});
  EXPECT_EQ(Latest("a")->partition, kVersionMax);
}

CONFORMANCE_CASE(Reading, TheLatestPartitionSeesEveryAcknowledgedAppend, Shows("R10")) {
  constexpr std::uint64_t kPartitions = 50;
  std::vector<std::future<void>> writers;
  for (const std::string entity : {"a", "b", "c"}) {
    writers.push_back(std::async(std::launch::async, [this, entity] {
      for (std::uint64_t partition = 0; partition < kPartitions; ++partition) {
        Append({entity, partition}, {"x"});
        ASSERT_EQ(Latest(entity)->partition, partition);
        ASSERT_EQ(Head({entity, partition}), 1U);
      }
    }));
  }
  for (auto& writer : writers) writer.get();
}

}  // namespace
}  // namespace tandem::conformance
