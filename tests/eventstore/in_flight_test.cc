// Deletions and the next life of an entity in groups of which the first is not written yet.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tandem/tests/eventstore/events_fixture.h"

namespace tandem {
namespace {

std::vector<std::string> Numbers(std::size_t count) {
  std::vector<std::string> numbers;
  for (std::size_t i = 1; i <= count; ++i) numbers.push_back(std::to_string(i));
  return numbers;
}

// With few events, which are deleted by name, and with many, which are deleted as a range.
class InFlightTest : public testing::EventsTest, public ::testing::WithParamInterface<std::size_t> {
 protected:
  Version HeadOf(const StreamId& stream) {
    const auto page = events_.Read(stream, {.direction = Direction::kBackward, .max_events = 1});
    EXPECT_TRUE(page.ok()) << page.status();
    return page.ok() ? page->head : 0;
  }

  const StreamId old_{"a", 4};
  const StreamId next_{"a", 5};
};

TEST_P(InFlightTest, ANewLifeBeginsBehindADeletionThatIsNotWrittenYet) {
  Apply(AppendEvents{old_, Numbers(GetParam())});
  const UpdateMetadata metadata{old_, {{"k", "v"}}, {}};
  Apply(metadata);
  Group deletion;
  ASSERT_TRUE(Submit(deletion, DeleteEntity{"a"}).ok());

  Group life;
  EXPECT_EQ(Submit(life, AppendEvents{old_, {"late"}}, &deletion).code(), StatusCode::kConflict);
  EXPECT_EQ(Submit(life, metadata, &deletion).code(), StatusCode::kConflict);
  ASSERT_TRUE(Submit(life, AppendEvents{next_, {"new"}, Expected::NoStream()}, &deletion).ok());
  ASSERT_TRUE(Submit(life, AppendEvents{next_, {"newer"}, Expected::Exactly(1)}, &deletion).ok());

  Write(deletion);
  EXPECT_EQ(events_.LatestPartition("a")->value().partition, 4U);
  Write(life);
  EXPECT_EQ(HeadOf(old_), 0U);
  EXPECT_EQ(HeadOf(next_), 2U);
  EXPECT_EQ(events_.Verify(nullptr)->events, 2U);
}

TEST_P(InFlightTest, EventsInFlightAreDeletedToo) {
  Group life;
  ASSERT_TRUE(Submit(life, AppendEvents{old_, Numbers(GetParam())}).ok());
  ASSERT_TRUE(Submit(life, AppendEvents{next_, Numbers(GetParam())}).ok());
  Group deletion;
  ASSERT_TRUE(Submit(deletion, DeletePartition{old_}, &life).ok());

  Write(life);
  EXPECT_EQ(HeadOf(old_), GetParam());
  Write(deletion);
  EXPECT_EQ(HeadOf(old_), 0U);
  EXPECT_EQ(events_.Verify(nullptr)->events, GetParam());
}

TEST_P(InFlightTest, TwoLivesMayEndInOneGroup) {
  Apply(AppendEvents{old_, Numbers(GetParam())});
  Group group;
  ASSERT_TRUE(Submit(group, DeleteEntity{"a"}).ok());
  ASSERT_TRUE(Submit(group, AppendEvents{next_, Numbers(GetParam())}).ok());
  ASSERT_TRUE(Submit(group, DeleteEntity{"a"}).ok());
  ASSERT_TRUE(Submit(group, AppendEvents{{"a", 6}, {"third"}}).ok());
  EXPECT_EQ(Submit(group, AppendEvents{next_, {"late"}}).code(), StatusCode::kConflict);
  Write(group);
  EXPECT_EQ(HeadOf({"a", 6}), 1U);
  EXPECT_EQ(events_.Verify(nullptr)->events, 1U);
  const auto feed = events_.ReadAll(0, {});
  ASSERT_EQ(feed->events.size(), 1U);
  EXPECT_EQ(feed->events[0].event.position, 2 * GetParam() + 1);
}

INSTANTIATE_TEST_SUITE_P(FewAndMany, InFlightTest,
                         ::testing::Values(3, Staging::kPointDeletesMax + 1));

}  // namespace
}  // namespace tandem
