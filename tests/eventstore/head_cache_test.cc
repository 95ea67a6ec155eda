#include "eventstore/internal/head_cache.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>

namespace tandem {
namespace {

using internal::Head;
using internal::HeadCache;

Version KnownVersion(const HeadCache& heads, const StreamId& stream) {
  const Head* head = heads.Find(stream);
  return head == nullptr ? 0 : head->version;
}

TEST(HeadCacheTest, KnowsTheLastHeadOfAStream) {
  HeadCache heads;
  EXPECT_EQ(heads.Find({"a", 1}), nullptr);
  heads.Set({"a", 1}, Head{7, 1, false});
  heads.Set({"a", 1}, Head{8, 1, false});
  heads.Set({"a", 2}, Head{3, 1, false});
  heads.Set({"b", 1}, Head{5, 1, false});
  EXPECT_EQ(KnownVersion(heads, {"a", 1}), 8U);
  EXPECT_EQ(KnownVersion(heads, {"a", 2}), 3U);
  EXPECT_EQ(KnownVersion(heads, {"b", 1}), 5U);
}

TEST(HeadCacheTest, MoreStreamsThanSlotsPushEachOtherOut) {
  constexpr std::uint64_t kStreams = 3 * HeadCache::kSlots;
  HeadCache heads;
  for (std::uint64_t i = 0; i < kStreams; ++i) heads.Set({"a", i}, Head{i + 1, 1, false});
  std::size_t known = 0;
  for (std::uint64_t i = 0; i < kStreams; ++i) {
    const Version version = KnownVersion(heads, {"a", i});
    if (version == 0) continue;
    EXPECT_EQ(version, i + 1) << "that of another stream";
    ++known;
  }
  EXPECT_EQ(known, HeadCache::kSlots);
}

TEST(HeadCacheTest, ForgetsAll) {
  HeadCache heads;
  heads.Set({"a", 1}, Head{7, 1, false});
  heads.Clear();
  EXPECT_EQ(heads.Find({"a", 1}), nullptr);
}

}  // namespace
}  // namespace tandem
