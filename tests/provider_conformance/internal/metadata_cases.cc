// Metadata: an ordered map beside each stream (M).

#include <string>
#include <vector>

#include "tandem/tests/provider_conformance/internal/conformance_test.h"

namespace tandem::conformance {

CONFORMANCE_CHAPTER(Metadata)

namespace {

class MetadataTest : public ConformanceTest {
 protected:
  Texts Keys(const MetadataOptions& options, bool expect_more = false) {
    const MetadataPage page = Must(store().ReadMetadata(a_, options));
    EXPECT_EQ(page.more, expect_more) << "behind '" << options.after << "'";
    Texts keys;
    for (const auto& [key, value] : page.entries) keys.push_back(key);
    EXPECT_EQ(page.next, keys.empty() ? options.after : keys.back());
    return keys;
  }

  const StreamId a_{"a", 0};
};

CONFORMANCE_CASE(Metadata, AnUpdateErasesThenSets, Shows("M1")) {
  SetMetadata(a_, {{"a", "1"}, {"b", "1"}, {"c", "1"}});
  Commit({UpdateMetadata{a_, {{"a", "2"}, {"c", "3"}}, {"b", "c", "never there"}}});
  EXPECT_EQ(MetadataOf(a_), (Entries{{"a", "2"}, {"c", "3"}}));
}

CONFORMANCE_CASE(Metadata, UpdatesOfABatchApplyInListOrder, Shows("M1")) {
  Commit({UpdateMetadata{a_, {{"a", "1"}, {"b", "1"}}, {}}, UpdateMetadata{a_, {{"a", "2"}}, {"b"}},
          UpdateMetadata{a_, {{"c", "3"}}, {}}});
  EXPECT_EQ(MetadataOf(a_), (Entries{{"a", "2"}, {"c", "3"}}));
}

CONFORMANCE_CASE(Metadata, EntriesComeInOrderOfTheirBytes, Shows("M2", "B12")) {
  SetMetadata(
      a_,
      {{"b", ""}, {"a", ""}, {Bytes("a\0"), ""}, {"\xFF", ""}, {"a\xFF", ""}, {Bytes("\0"), ""}});
  EXPECT_EQ(Keys({}), (Texts{Bytes("\0"), "a", Bytes("a\0"), "a\xFF", "b", "\xFF"}));
}

CONFORMANCE_CASE(Metadata, PrefixSelects, Shows("M2")) {
  SetMetadata(a_, {{"a", ""},
                   {"ab", ""},
                   {"abc", ""},
                   {"ac", ""},
                   {"\xFF", ""},
                   {"\xFF\xFF", ""},
                   {"\xFF\xFF!", ""}});
  EXPECT_EQ(Keys({.prefix = "ab"}), (Texts{"ab", "abc"}));
  EXPECT_EQ(Keys({.prefix = "\xFF\xFF"}), (Texts{"\xFF\xFF", "\xFF\xFF!"}));
  EXPECT_EQ(Keys({.prefix = "none"}), Texts());
}

CONFORMANCE_CASE(Metadata, AfterExcludesItsKeyAndNeedNotExist, Shows("M2")) {
  SetMetadata(a_, {{"a", ""}, {Bytes("a\0"), ""}, {"b", ""}, {"c", ""}});
  EXPECT_EQ(Keys({.after = "a"}), (Texts{Bytes("a\0"), "b", "c"}));
  EXPECT_EQ(Keys({.after = "bb"}), Texts{"c"});
  EXPECT_EQ(Keys({.after = "c"}), Texts());
  EXPECT_EQ(Keys({.prefix = "b", .after = "a"}), Texts{"b"});
  EXPECT_EQ(Keys({.prefix = "a", .after = "b"}), Texts());
}

CONFORMANCE_CASE(Metadata, PagesFollowEachOtherAndMoreIsExact, Shows("M2")) {
  SetMetadata(a_, {{"k1", ""}, {"k2", ""}, {"k3", ""}, {"k4", ""}, {"x", ""}});
  EXPECT_EQ(Keys({.prefix = "k", .limit = 3}, true), (Texts{"k1", "k2", "k3"}));
  EXPECT_EQ(Keys({.prefix = "k", .after = "k3", .limit = 3}), Texts{"k4"});
  EXPECT_EQ(Keys({.prefix = "k", .limit = 4}), Numbered("k", 4))
      << "what stands behind the prefix does not count";
  for (int i = 1; i <= 4; ++i) {
    const std::string after = i == 1 ? "" : "k" + std::to_string(i - 1);
    EXPECT_EQ(Keys({.after = after, .limit = 1}, true), Texts{"k" + std::to_string(i)});
  }
  EXPECT_EQ(Keys({.after = "k4", .limit = 1}), Texts{"x"});
}

CONFORMANCE_CASE(Metadata, ManyErasedKeysArePassedOverInPages, Shows("R14", "M2")) {
  constexpr int kErased = 5000;
  UpdateMetadata erase{a_};
  Entries entries;
  for (int i = 0; i < kErased; ++i) entries.emplace("k" + std::to_string(i), "");
  for (const auto& [key, value] : entries) erase.erase.push_back(key);
  SetMetadata(a_, entries);
  SetMetadata(a_, {{"last", "v"}});
  Commit({erase});
  MetadataPage page;
  for (int pages = 0; page.entries.empty(); ++pages) {
    ASSERT_LT(pages, kErased);
    const std::string after = page.next;
    page = Must(store().ReadMetadata(a_, {.after = after, .limit = 1}));
    ASSERT_GT(page.next, after);
    ASSERT_TRUE(page.more || !page.entries.empty()) << "the last one was not found";
  }
  EXPECT_EQ(page.entries.front().first, "last");
}

CONFORMANCE_CASE(Metadata, OneKeyIsReadExactly, Shows("M5")) {
  SetMetadata(a_, {{"snapshot2", "longer"}, {Bytes("snapshot\0"), "zero"}, {"empty", ""}});
  const auto get = [&](const std::string& key) { return Must(store().GetMetadata(a_, key)); };
  EXPECT_EQ(get("snapshot"), std::nullopt) << "a longer key is not the key";
  EXPECT_EQ(get("snapshot2"), "longer");
  EXPECT_EQ(get("empty"), "");
  SetMetadata(a_, {{"snapshot", "mine"}});
  EXPECT_EQ(get("snapshot"), "mine");
  EXPECT_EQ(Must(store().GetMetadata({"unknown", 3}, "snapshot")), std::nullopt);
  EXPECT_EQ(Code(store().GetMetadata(a_, "")), StatusCode::kInvalidArgument);
  EXPECT_EQ(Code(store().GetMetadata(a_, std::string(kNameBytesMax + 1, 'k'))),
            StatusCode::kTooLarge);
}

CONFORMANCE_CASE(Metadata, ItBelongsToItsStreamAlone, Shows("M3", "B12")) {
  SetMetadata(a_, {{"k", "mine"}});
  SetMetadata({"a", 1}, {{"k", "next partition"}});
  SetMetadata({Bytes("a\0"), 0}, {{"k", "zero byte"}});
  SetMetadata({"ab", 0}, {{"k", "longer"}});
  EXPECT_EQ(MetadataOf(a_), (Entries{{"k", "mine"}}));
  EXPECT_EQ(MetadataOf({"a", 2}), Entries());
}

CONFORMANCE_CASE(Metadata, ItMayExistWithoutEvents, Shows("M3").Needs(Part::kReopen)) {
  SetMetadata(a_, {{"k", "v"}});
  Reopen();
  EXPECT_EQ(MetadataOf(a_), (Entries{{"k", "v"}}));
  EXPECT_EQ(Head(a_), 0U);
  Append(a_, {"1"});
  EXPECT_EQ(MetadataOf(a_), (Entries{{"k", "v"}}));
}

CONFORMANCE_CASE(Metadata, AnEmptyValueIsAValue, Shows("M3", "B3")) {
  SetMetadata(a_, {{"empty", ""}});
  EXPECT_EQ(MetadataOf(a_), (Entries{{"empty", ""}}));
  Commit({CheckMetadata{a_, "empty", ""}, CheckMetadata{a_, "absent", std::nullopt}});
  ExpectRefused({CheckMetadata{a_, "empty", std::nullopt}});
  ExpectRefused({CheckMetadata{a_, "absent", ""}});
}

CONFORMANCE_CASE(Metadata, ACallThatIsWrongIsRefused, Shows("M4")) {
  EXPECT_EQ(Code(store().ReadMetadata(a_, {.limit = 0})), StatusCode::kInvalidArgument);
  EXPECT_EQ(Code(store().ReadMetadata({"", 0}, {})), StatusCode::kInvalidArgument);
  EXPECT_EQ(Code(Refused({UpdateMetadata{a_, {{"", "v"}}, {}}})), StatusCode::kInvalidArgument);
  EXPECT_EQ(Code(Refused({UpdateMetadata{a_, {}, {""}}})), StatusCode::kInvalidArgument);
  EXPECT_EQ(Code(Refused({CheckMetadata{a_, "", "v"}})), StatusCode::kInvalidArgument);
  EXPECT_EQ(MetadataOf(a_), Entries());
}

}  // namespace
}  // namespace tandem::conformance
