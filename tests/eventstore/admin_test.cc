// What truncation and the lists of entities and partitions promise.

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "tandem/base/rocks/staging.h"
#include "tandem/batch/provider_admin.h"
#include "tandem/tests/support/store_fixture.h"

namespace tandem {
namespace {

class EventAdminTest : public testing::StoreTest {
 protected:
  void Append(const StreamId& stream, std::size_t count) {
    const std::vector<std::string> events(count, "x");
    ASSERT_TRUE(store_->Append(stream, events).ok());
  }

  void SetMetadata(const StreamId& stream) {
    ASSERT_TRUE(store_->AtomicBatch({UpdateMetadata{stream, {{"k", "v"}}, {}}}).ok());
  }

  std::uint64_t Truncate(Version before) {
    const auto removed = store_->admin()->Truncate(stream_, before);
    EXPECT_TRUE(removed.ok()) << removed.status();
    return removed.ok() ? *removed : kVersionMax;
  }

  // Versions of a page, then its `next`, `first` and `head`.
  std::vector<Version> Read(const ReadOptions& options) {
    const auto page = store_->Read(stream_, options);
    EXPECT_TRUE(page.ok()) << page.status();
    if (!page.ok()) return {};
    std::vector<Version> all;
    for (const Event& event : page->events) all.push_back(event.version);
    all.insert(all.end(), {page->next, page->first, page->head});
    return all;
  }

  NamePage Entities(const ListOptions& options = {}) {
    auto page = store_->admin()->ListEntities(options);
    EXPECT_TRUE(page.ok()) << page.status();
    return page.ok() ? *page : NamePage();
  }

  using V = std::vector<Version>;
  using Names = std::vector<std::string>;
  const StreamId stream_{"a", 1};
};

TEST_F(EventAdminTest, TruncatedEventsAreGoneAndTheOthersStay) {
  Append(stream_, 7);
  EXPECT_EQ(Truncate(4), 3U);
  EXPECT_EQ(Truncate(4), 0U);
  EXPECT_EQ(Truncate(2), 0U);
  EXPECT_EQ(Truncate(0), 0U);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(Read({}), (V{4, 5, 6, 7, 8, 4, 7}));
    EXPECT_EQ(Read({.from = 2, .max_events = 2}), (V{4, 5, 6, 4, 7}));
    EXPECT_EQ(Read({.from = 6}), (V{6, 7, 8, 4, 7}));
    EXPECT_EQ(Read({.from = 20}), (V{20, 4, 7}));
    EXPECT_EQ(Read({.direction = Direction::kBackward}), (V{7, 6, 5, 4, 0, 4, 7}));
    EXPECT_EQ(Read({.direction = Direction::kBackward, .max_events = 2}), (V{7, 6, 5, 4, 7}));
    EXPECT_EQ(Read({.from = 3, .direction = Direction::kBackward}), (V{0, 4, 7}));
    Reopen();
  }
  EXPECT_EQ(Truncate(6), 2U);
  EXPECT_EQ(Read({}), (V{6, 7, 8, 6, 7}));
}

TEST_F(EventAdminTest, AStreamThatIsTruncatedWhollyGoesOnWhereItWas) {
  Append(stream_, 3);
  EXPECT_EQ(Truncate(4), 3U);
  EXPECT_EQ(Read({}), (V{4, 4, 3}));
  EXPECT_EQ(Read({.direction = Direction::kBackward}), (V{0, 4, 3}));
  EXPECT_EQ(store_->LatestPartition("a")->value().head, 3U);
  Reopen();
  const auto appended =
      store_->Append(stream_, {"4"}, AppendOptions{.expected = Expected::Exactly(3)});
  ASSERT_TRUE(appended.ok()) << appended.status();
  EXPECT_EQ(appended->first, 4U);
  EXPECT_EQ(Read({}), (V{4, 5, 4, 4}));
}

TEST_F(EventAdminTest, TruncationBeyondTheEndIsAConflict) {
  const auto missing = store_->admin()->Truncate(stream_, 2);
  ASSERT_NE(missing.status().conflict(), nullptr);
  EXPECT_EQ(Truncate(1), 0U);
  Append(stream_, 3);
  const auto beyond = store_->admin()->Truncate(stream_, 5);
  ASSERT_NE(beyond.status().conflict(), nullptr);
  EXPECT_EQ(beyond.status().conflict()->actual, 3U);
  EXPECT_EQ(Read({}), (V{1, 2, 3, 4, 1, 3}));
  EXPECT_EQ(store_->admin()->Truncate({"", 0}, 1).status().code(), StatusCode::kInvalidArgument);

  ASSERT_TRUE(store_->AtomicBatch({DeleteEntity{"a"}}).ok());
  EXPECT_EQ(Truncate(1), 0U);
  EXPECT_EQ(store_->admin()->Truncate(stream_, 2).status().code(), StatusCode::kConflict);
}

TEST_F(EventAdminTest, ManyEventsAreTruncatedAtOnce) {
  constexpr std::size_t kMany = 3 * Staging::kPointDeletesMax;
  Append(stream_, kMany + 2);
  EXPECT_EQ(Truncate(kMany + 1), kMany);
  EXPECT_EQ(Read({}), (V{kMany + 1, kMany + 2, kMany + 3, kMany + 1, kMany + 2}));
  Reopen();
  EXPECT_EQ(Read({}), (V{kMany + 1, kMany + 2, kMany + 3, kMany + 1, kMany + 2}));
  const auto deleted = store_->AtomicBatch({DeleteEntity{"a"}});
  ASSERT_TRUE(deleted.ok()) << deleted.status();
  EXPECT_EQ(std::get<DeleteEventsResult>(deleted->operations[0]).events, 2U);
}

TEST_F(EventAdminTest, EntitiesWithEventsOrMetadataAreListedInOrder) {
  EXPECT_TRUE(Entities().names.empty());
  const std::string zero("b\0", 2);
  Append({"b", 1}, 1);
  Append({"b", 2}, 1);
  SetMetadata({"b", 5});
  SetMetadata({zero, 5});
  Append({"ba", 0}, 1);
  SetMetadata({"a", 9});
  Append({"deleted", 1}, 1);
  ASSERT_TRUE(store_->AtomicBatch({DeleteEntity{"deleted"}, DeletePartition{{"b", 1}}}).ok());
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(Entities().names, (Names{"a", "b", zero, "ba"}));
    EXPECT_FALSE(Entities().more);
    EXPECT_EQ(Entities({.prefix = "b"}).names, (Names{"b", zero, "ba"}));
    EXPECT_EQ(Entities({.after = "b"}).names, (Names{zero, "ba"}));
    EXPECT_EQ(Entities({.prefix = "b", .after = "a"}).names, (Names{"b", zero, "ba"}));
    EXPECT_TRUE(Entities({.prefix = "c"}).names.empty());
    EXPECT_EQ(Entities({.limit = 2}).names, (Names{"a", "b"}));
    EXPECT_TRUE(Entities({.limit = 2}).more);
    EXPECT_FALSE(Entities({.limit = 4}).more);
    EXPECT_FALSE(Entities({.prefix = "a", .limit = 1}).more);
    Reopen();
  }
  EXPECT_EQ(store_->admin()->ListEntities({.limit = 0}).status().code(),
            StatusCode::kInvalidArgument);
}

TEST_F(EventAdminTest, PartitionsWithEventsOrMetadataAreListedInOrder) {
  Append({"a", 0}, 1);
  Append({"a", 1}, 5);
  SetMetadata({"a", 1});
  SetMetadata({"a", 3});
  Append({"a", kVersionMax}, 2);
  Append({"aa", 4}, 1);
  ASSERT_TRUE(store_->AtomicBatch({DeletePartition{{"a", 0}}}).ok());
  EXPECT_EQ(Truncate(3), 2U);

  const auto list = [this](const PartitionOptions& options) {
    const auto page = store_->admin()->ListPartitions("a", options);
    EXPECT_TRUE(page.ok()) << page.status();
    V all;
    if (!page.ok()) return all;
    for (const PartitionInfo& info : page->partitions) {
      all.insert(all.end(), {info.partition, info.first, info.head});
    }
    all.push_back(page->more ? 1 : 0);
    return all;
  };
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(list({}), (V{1, 3, 5, 3, 1, 0, kVersionMax, 1, 2, 0}));
    EXPECT_EQ(list({.limit = 2}), (V{1, 3, 5, 3, 1, 0, 1}));
    EXPECT_EQ(list({.after = 1, .limit = 2}), (V{3, 1, 0, kVersionMax, 1, 2, 0}));
    EXPECT_EQ(list({.after = kVersionMax}), V{0});
    Reopen();
  }
  EXPECT_TRUE(store_->admin()->ListPartitions("unknown", {})->partitions.empty());
  EXPECT_EQ(store_->admin()->ListPartitions("", {}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(store_->admin()->ListPartitions("a", {.limit = 0}).status().code(),
            StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tandem
