// What the deletion of partitions and entities promises: nothing is left, and nothing comes back.

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tandem/base/rocks/staging.h"
#include "tandem/batch/provider_admin.h"
#include "tandem/tests/support/store_fixture.h"

namespace tandem {
namespace {

class DeletionTest : public testing::StoreTest {
 protected:
  Status Apply(Operation operation) {
    Batch operations;
    operations.Add(std::move(operation));
    return store_->AtomicBatch(std::move(operations)).status();
  }

  // The events that a deletion reports.
  template <typename Deletion>
  std::uint64_t Delete(const Deletion& deletion) {
    const auto result = store_->AtomicBatch({deletion});
    EXPECT_TRUE(result.ok()) << result.status();
    if (!result.ok()) return kVersionMax;
    return std::get<DeleteEventsResult>(result->operations[0]).events;
  }

  void Append(const StreamId& stream, std::size_t count) {
    const std::vector<std::string> events(count, "x");
    ASSERT_TRUE(store_->Append(stream, events).ok());
  }

  void SetMetadata(const StreamId& stream) {
    ASSERT_TRUE(Apply(UpdateMetadata{stream, {{"k", "v"}}, {}}).ok());
  }

  Version HeadOf(const StreamId& stream) { return store_->Read(stream, {})->head; }

  void ExpectMissing(const StreamId& stream) {
    for (const Direction direction : {Direction::kForward, Direction::kBackward}) {
      const auto page = store_->Read(stream, {.direction = direction});
      ASSERT_TRUE(page.ok()) << page.status();
      EXPECT_TRUE(page->events.empty());
      EXPECT_EQ(page->head, 0U);
      EXPECT_EQ(page->first, 1U);
    }
    EXPECT_TRUE(store_->ReadMetadata(stream, {})->entries.empty());
    EXPECT_TRUE(Apply(CheckVersion{stream, Expected::NoStream()}).ok());
    EXPECT_TRUE(Apply(CheckMetadata{stream, "k", std::nullopt}).ok());
  }

  void ExpectUnwritable(const StreamId& stream) {
    for (const auto& operation :
         Batch{AppendEvents{stream, {"late"}}, AppendEvents{stream, {"late"}, Expected::NoStream()},
               AppendEvents{stream, {}}, UpdateMetadata{stream, {{"k", "v"}}, {}},
               UpdateMetadata{stream, {}, {"k"}}}) {
      const Status status = Apply(operation);
      ASSERT_NE(status.conflict(), nullptr) << status;
      EXPECT_EQ(status.conflict()->actual, 0U);
    }
  }

  const StreamId first_{"a", 1};
  const StreamId second_{"a", 2};
};

TEST_F(DeletionTest, ADeletedPartitionIsGoneForGood) {
  Append(first_, 3);
  SetMetadata(first_);
  Append(second_, 1);
  EXPECT_EQ(Delete(DeletePartition{first_}), 3U);
  for (int round = 0; round < 2; ++round) {
    ExpectMissing(first_);
    ExpectUnwritable(first_);
    EXPECT_EQ(HeadOf(second_), 1U);
    EXPECT_EQ(store_->LatestPartition("a")->value().partition, 2U);
    Reopen();
  }
}

TEST_F(DeletionTest, TheLatestPartitionAndWhatIsAboveItStay) {
  EXPECT_EQ(Apply(DeletePartition{first_}).code(), StatusCode::kConflict) << "no events at all";
  Append(first_, 3);
  SetMetadata(second_);
  const Status latest = Apply(DeletePartition{first_});
  ASSERT_NE(latest.conflict(), nullptr) << "metadata above makes it no older one";
  EXPECT_EQ(latest.conflict()->actual, 3U);
  EXPECT_EQ(Apply(DeletePartition{second_}).code(), StatusCode::kConflict);
  EXPECT_EQ(Apply(DeletePartition{{"a", kVersionMax}}).code(), StatusCode::kConflict);
  Append({"b", 9}, 1);
  EXPECT_EQ(Apply(DeletePartition{first_}).code(), StatusCode::kConflict) << "another entity's";
  EXPECT_EQ(HeadOf(first_), 3U);
}

TEST_F(DeletionTest, DeletingAgainOrWhatNeverWasRemovesNothing) {
  Append(first_, 3);
  Append(second_, 1);
  EXPECT_EQ(Delete(DeletePartition{first_}), 3U);
  EXPECT_EQ(Delete(DeletePartition{first_}), 0U);
  EXPECT_EQ(Delete(DeletePartition{{"a", 0}}), 0U);
  Append({"a", 0}, 1);
  EXPECT_EQ(HeadOf({"a", 0}), 1U) << "what never was is not deleted";
}

TEST_F(DeletionTest, APartitionWithMetadataAloneIsDeletedToo) {
  SetMetadata(first_);
  Append(second_, 1);
  EXPECT_EQ(Delete(DeletePartition{first_}), 0U);
  for (int round = 0; round < 2; ++round) {
    ExpectMissing(first_);
    ExpectUnwritable(first_);
    Reopen();
  }
}

TEST_F(DeletionTest, DeletionsOfPartitionsArePreconditionsOfTheirBatch) {
  Append(first_, 1);
  Append(second_, 1);
  const auto result = store_->AtomicBatch({DeletePartition{first_}, DeletePartition{second_},
                                           CheckVersion{first_, Expected::Exactly(7)}});
  ASSERT_EQ(result.status().failures().size(), 2U);
  EXPECT_EQ(result.status().failures()[0].operation, 1U);
  EXPECT_EQ(result.status().failures()[1].operation, 2U);
  EXPECT_EQ(HeadOf(first_), 1U);

  const auto later = store_->AtomicBatch({AppendEvents{{"a", 3}, {"x"}}, DeletePartition{second_}});
  EXPECT_FALSE(later.ok()) << "the state before the batch decides";
}

TEST_F(DeletionTest, ADeletedEntityIsGoneAndLeavesATombstone) {
  Append(first_, 3);
  Append(second_, 2);
  SetMetadata(first_);
  SetMetadata({"a", 7});
  EXPECT_EQ(Delete(DeleteEntity{"a"}), 5U);
  for (int round = 0; round < 2; ++round) {
    for (const std::uint64_t partition : {0U, 1U, 2U, 7U}) {
      ExpectMissing({"a", partition});
      ExpectUnwritable({"a", partition});
    }
    const auto latest = store_->LatestPartition("a");
    ASSERT_TRUE(latest.ok() && latest->has_value());
    EXPECT_EQ((*latest)->partition, 7U);
    EXPECT_EQ((*latest)->head, 0U);
    EXPECT_EQ(Delete(DeleteEntity{"a"}), 0U);
    EXPECT_EQ(Delete(DeletePartition{first_}), 0U) << "at or below a tombstone";
    EXPECT_EQ(Apply(DeletePartition{{"a", 8}}).code(), StatusCode::kConflict);
    Reopen();
  }
}

TEST_F(DeletionTest, ANewLifeUsesTheNextPartition) {
  Append(first_, 3);
  EXPECT_EQ(Delete(DeleteEntity{"a"}), 3U);
  const auto appended =
      store_->Append(second_, {"again"}, AppendOptions{.expected = Expected::NoStream()});
  ASSERT_TRUE(appended.ok()) << appended.status();
  EXPECT_EQ(appended->first, 1U);
  EXPECT_EQ(appended->position, 4U);
  EXPECT_EQ(store_->LatestPartition("a")->value().partition, 2U);
  ExpectUnwritable(first_);
  EXPECT_EQ(Delete(DeleteEntity{"a"}), 1U);
  EXPECT_EQ(store_->LatestPartition("a")->value().partition, 2U);
  ExpectUnwritable(first_);
  ExpectUnwritable(second_);
}

TEST_F(DeletionTest, AnEntityWithADeletedPartitionIsDeletedWithIt) {
  Append(first_, 3);
  Append(second_, 2);
  EXPECT_EQ(Delete(DeletePartition{first_}), 3U);
  EXPECT_EQ(Delete(DeleteEntity{"a"}), 2U);
  ExpectUnwritable(first_);
  ExpectUnwritable(second_);
}

TEST_F(DeletionTest, AnEntityThatIsNotThereLeavesNothing) {
  EXPECT_EQ(Delete(DeleteEntity{"a"}), 0U);
  EXPECT_FALSE(store_->LatestPartition("a")->has_value());
  Append({"a", 0}, 1);
  EXPECT_EQ(HeadOf({"a", 0}), 1U);
}

TEST_F(DeletionTest, NamesThatAreAlikeAreNotTouched) {
  const std::vector<std::string> alike = {std::string("a\0", 2), "aa", "A", std::string(1, '\xff'),
                                          std::string("a\0\1", 3)};
  for (const std::string& entity : alike) {
    Append({entity, 1}, 1);
    SetMetadata({entity, 1});
  }
  Append(first_, Staging::kPointDeletesMax + 1);
  SetMetadata(first_);
  EXPECT_EQ(Delete(DeleteEntity{"a"}), Staging::kPointDeletesMax + 1);
  for (const std::string& entity : alike) {
    EXPECT_EQ(HeadOf({entity, 1}), 1U);
    EXPECT_EQ(store_->ReadMetadata({entity, 1}, {})->entries.size(), 1U);
  }
}

TEST_F(DeletionTest, ManyEventsAndKeysAreDeletedAtOnce) {
  constexpr std::size_t kMany = 3 * Staging::kPointDeletesMax;
  UpdateMetadata many{first_, {}, {}};
  for (std::size_t i = 0; i < kMany; ++i) many.set.emplace("key-" + std::to_string(i), "v");
  Append(first_, kMany);
  ASSERT_TRUE(Apply(many).ok());
  Append(second_, kMany);
  EXPECT_EQ(Delete(DeletePartition{first_}), kMany);
  for (int round = 0; round < 2; ++round) {
    ExpectMissing(first_);
    EXPECT_EQ(store_->Read(second_, {.max_events = 2 * kMany})->events.size(), kMany);
    Reopen();
  }
  EXPECT_EQ(Delete(DeleteEntity{"a"}), kMany);
  for (int round = 0; round < 2; ++round) {
    ExpectMissing(second_);
    EXPECT_TRUE(store_->ReadAll(0, {})->events.empty());
    Reopen();
  }
}

TEST_F(DeletionTest, ABatchDoesNotChangeWhatItDeletes) {
  Append(first_, 1);
  Append(second_, 1);
  for (const auto& operations :
       std::vector<Batch>{{DeletePartition{first_}, AppendEvents{first_, {"x"}}},
                          {UpdateMetadata{first_, {{"k", "v"}}, {}}, DeletePartition{first_}},
                          {DeletePartition{first_}, DeletePartition{first_}},
                          {DeleteEntity{"a"}, AppendEvents{{"a", 3}, {"x"}}}}) {
    EXPECT_EQ(store_->AtomicBatch(operations).status().code(), StatusCode::kInvalidArgument);
  }
  EXPECT_TRUE(
      store_->AtomicBatch({CheckVersion{first_, Expected::Exactly(1)}, DeleteEntity{"a"}}).ok());
}

class FeedOverDeletionsTest : public DeletionTest {
 protected:
  std::vector<Position> Positions(Position after, const FeedOptions& options = {}) {
    const auto page = store_->ReadAll(after, options);
    EXPECT_TRUE(page.ok()) << page.status();
    std::vector<Position> positions;
    if (!page.ok()) return positions;
    for (const FeedEvent& event : page->events) positions.push_back(event.event.position);
    EXPECT_GE(page->next, positions.empty() ? after : positions.back());
    return positions;
  }
  using P = std::vector<Position>;
};

TEST_F(FeedOverDeletionsTest, TheFeedLeavesOutWhatWasDeleted) {
  Append(first_, 2);    // 1 2
  Append(second_, 1);   // 3
  Append({"b", 0}, 2);  // 4 5
  Append(first_, 1);    // 6
  Append({"c", 0}, 1);  // 7
  EXPECT_EQ(Delete(DeletePartition{first_}), 3U);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(Positions(0), (P{3, 4, 5, 7}));
    EXPECT_EQ(Positions(0, {.limit = 1}), P{3});
    EXPECT_EQ(Positions(4, {.limit = 2}), (P{5, 7}));
    EXPECT_EQ(Positions(5), P{7});
    Reopen();
  }
  EXPECT_EQ(Delete(DeleteEntity{"c"}), 1U);
  EXPECT_EQ(Positions(0), (P{3, 4, 5}));
  EXPECT_TRUE(Positions(5).empty());
  Reopen();
  Append({"c", 1}, 1);
  EXPECT_EQ(Positions(5), P{8}) << "positions go on where they were";
}

TEST_F(FeedOverDeletionsTest, TheFeedLeavesOutWhatWasTruncated) {
  Append(first_, 4);
  Append({"b", 0}, 1);
  ASSERT_TRUE(store_->admin()->Truncate(first_, 3).ok());
  EXPECT_EQ(Positions(0), (P{3, 4, 5}));
  EXPECT_EQ(Positions(1), (P{3, 4, 5}));
  EXPECT_EQ(Positions(3), (P{4, 5}));
}

TEST_F(FeedOverDeletionsTest, MoreThanAPageOfDeletedAppendsIsPassedOver) {
  for (int i = 0; i < 50; ++i) Append(first_, 1);
  Append({"b", 0}, 1);
  EXPECT_EQ(Delete(DeleteEntity{"a"}), 50U);
  EXPECT_EQ(Positions(0, {.limit = 1}), P{51});
}

}  // namespace
}  // namespace tandem
