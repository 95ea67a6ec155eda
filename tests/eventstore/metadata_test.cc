// What ReadMetadata promises of what UpdateMetadata wrote: an ordered map, in pages.

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "tests/support/store_fixture.h"

namespace tandem {
namespace {

class MetadataTest : public testing::StoreTest {
 protected:
  void Set(const StreamId& stream, std::map<std::string, std::string> entries) {
    const auto done = store_->AtomicBatch({UpdateMetadata{stream, std::move(entries), {}}});
    ASSERT_TRUE(done.ok()) << done.status();
  }

  std::vector<std::string> Keys(const MetadataOptions& options, bool* more = nullptr) {
    const auto page = store_->ReadMetadata(stream_, options);
    EXPECT_TRUE(page.ok()) << page.status();
    std::vector<std::string> keys;
    if (!page.ok()) return keys;
    for (const auto& [key, value] : page->entries) keys.push_back(key);
    if (more != nullptr) *more = page->more;
    return keys;
  }

  using Names = std::vector<std::string>;
  const StreamId stream_{"index", 0};
};

TEST_F(MetadataTest, AMissingStreamHasNone) {
  bool more = true;
  EXPECT_EQ(Keys({}, &more), Names());
  EXPECT_FALSE(more);
}

TEST_F(MetadataTest, EntriesComeInKeyOrderOverReopen) {
  Set(stream_, {{"b", "2"}, {"a", "1"}});
  Set(stream_, {{std::string("a\0", 2), "zero"}, {"\xFF", "last"}, {"a\xFF", ""}});
  Reopen();
  const auto page = store_->ReadMetadata(stream_, {});
  ASSERT_TRUE(page.ok()) << page.status();
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"a", "1"}, {std::string("a\0", 2), "zero"}, {"a\xFF", ""}, {"b", "2"}, {"\xFF", "last"}};
  EXPECT_EQ(page->entries, expected);
  EXPECT_FALSE(page->more);
}

TEST_F(MetadataTest, SetReplacesAndEraseRemovesAndAKeyInBothIsSet) {
  Set(stream_, {{"a", "1"}, {"b", "1"}, {"c", "1"}});
  ASSERT_TRUE(
      store_->AtomicBatch({UpdateMetadata{stream_, {{"a", "2"}, {"c", "3"}}, {"b", "c", "none"}}})
          .ok());
  const auto page = store_->ReadMetadata(stream_, {});
  const std::vector<std::pair<std::string, std::string>> expected = {{"a", "2"}, {"c", "3"}};
  EXPECT_EQ(page->entries, expected);
}

TEST_F(MetadataTest, UpdatesOfOneBatchApplyInListOrder) {
  ASSERT_TRUE(store_
                  ->AtomicBatch({UpdateMetadata{stream_, {{"a", "1"}, {"b", "1"}}, {}},
                                 UpdateMetadata{stream_, {{"a", "2"}}, {"b"}}})
                  .ok());
  const auto page = store_->ReadMetadata(stream_, {});
  const std::vector<std::pair<std::string, std::string>> expected = {{"a", "2"}};
  EXPECT_EQ(page->entries, expected);
}

TEST_F(MetadataTest, StreamsAndEntitiesDoNotMix) {
  Set(stream_, {{"a", "mine"}});
  Set({"index", 1}, {{"a", "other partition"}});
  Set({"inde", 0}, {{"a", "prefix"}});
  Set({"index2", 0}, {{"a", "extension"}});
  Set({std::string("index\0", 6), 0}, {{"a", "zero byte"}});
  const auto page = store_->ReadMetadata(stream_, {});
  ASSERT_EQ(page->entries.size(), 1U);
  EXPECT_EQ(page->entries[0].second, "mine");
  EXPECT_EQ(store_->Read(stream_, {})->head, 0U) << "metadata is no event";
}

TEST_F(MetadataTest, PrefixSelects) {
  Set(stream_, {{"a", ""},
                {"ab", ""},
                {"abc", ""},
                {"ac", ""},
                {"\xFF", ""},
                {"\xFF\xFF", ""},
                {"\xFF\xFF!", ""}});
  EXPECT_EQ(Keys({.prefix = "ab"}), (Names{"ab", "abc"}));
  EXPECT_EQ(Keys({.prefix = "\xFF\xFF"}), (Names{"\xFF\xFF", "\xFF\xFF!"}));
  EXPECT_EQ(Keys({.prefix = "none"}), Names());
}

TEST_F(MetadataTest, AfterExcludesItsKeyAndNeedNotExist) {
  Set(stream_, {{"a", ""}, {std::string("a\0", 2), ""}, {"b", ""}, {"c", ""}});
  EXPECT_EQ(Keys({.after = "a"}), (Names{std::string("a\0", 2), "b", "c"}));
  EXPECT_EQ(Keys({.after = "bb"}), (Names{"c"}));
  EXPECT_EQ(Keys({.after = "c"}), Names());
  EXPECT_EQ(Keys({.prefix = "b", .after = "a"}), (Names{"b"})) << "after stands before the prefix";
  EXPECT_EQ(Keys({.prefix = "a", .after = "b"}), Names()) << "after stands behind the prefix";
}

TEST_F(MetadataTest, PagesFollowEachOtherAndMoreIsExact) {
  Set(stream_, {{"k1", ""}, {"k2", ""}, {"k3", ""}, {"k4", ""}, {"x", ""}});
  bool more = false;
  EXPECT_EQ(Keys({.prefix = "k", .limit = 2}, &more), (Names{"k1", "k2"}));
  EXPECT_TRUE(more);
  EXPECT_EQ(Keys({.prefix = "k", .after = "k2", .limit = 2}, &more), (Names{"k3", "k4"}));
  EXPECT_FALSE(more) << "what stands behind the prefix does not count";
}

TEST_F(MetadataTest, BadArgumentsAreRefused) {
  EXPECT_EQ(store_->ReadMetadata(stream_, {.limit = 0}).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(store_->ReadMetadata({"", 0}, {}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(store_->AtomicBatch({UpdateMetadata{stream_, {{"", "v"}}, {}}}).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(
      store_->AtomicBatch({UpdateMetadata{stream_, {}, {std::string(kNameBytesMax + 1, 'k')}}})
          .status()
          .code(),
      StatusCode::kTooLarge);
}

}  // namespace
}  // namespace tandem
