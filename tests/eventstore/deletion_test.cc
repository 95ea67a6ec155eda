// Deletions of more than is deleted key by key: nothing is left, and nothing else is touched.

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tandem/base/rocks/staging.h"
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

  const StreamId first_{"a", 1};
  const StreamId second_{"a", 2};
};

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

TEST_F(FeedOverDeletionsTest, MoreThanAPageOfDeletedAppendsIsPassedOver) {
  for (int i = 0; i < 50; ++i) Append(first_, 1);
  Append({"b", 0}, 1);
  EXPECT_EQ(Delete(DeleteEntity{"a"}), 50U);
  EXPECT_EQ(Positions(0, {.limit = 1}), P{51});
}

}  // namespace
}  // namespace tandem
