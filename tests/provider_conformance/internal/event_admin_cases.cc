// Administration of events: lists and truncation (A1, A6).

#include <string>
#include <vector>

#include "tandem/tests/provider_conformance/internal/conformance_test.h"

namespace tandem::conformance {

CONFORMANCE_CHAPTER(EventAdmin)

namespace {

class EventAdminTest : public ConformanceTest {
 protected:
  Texts Entities(const ListOptions& options, bool expect_more = false) {
    const NamePage page = Must(admin().ListEntities(options));
    EXPECT_EQ(page.more, expect_more) << "behind '" << options.after << "'";
    return page.names;
  }
  std::vector<std::uint64_t> Partitions(const std::string& entity, const PartitionOptions& options,
                                        bool expect_more = false) {
    const PartitionPage page = Must(admin().ListPartitions(entity, options));
    EXPECT_EQ(page.more, expect_more);
    std::vector<std::uint64_t> partitions;
    for (const PartitionInfo& info : page.partitions) partitions.push_back(info.partition);
    return partitions;
  }

  using Numbers = std::vector<std::uint64_t>;
  const StreamId a_{"a", 0};
};

CONFORMANCE_CASE(EventAdmin, EntitiesAreListedInOrderOfTheirBytes,
                 Shows("A1").Needs(Part::kAdmin)) {
  EXPECT_EQ(Entities({}), Texts());
  for (const std::string& name : {std::string("b"), std::string("\xFF"), std::string("a"),
                                  Bytes("a\0"), Bytes("\0"), std::string("ab")}) {
    Append({name, 3}, {"x"});
    Append({name, 7}, {"x"});
  }
  SetMetadata({"metadata only", 0}, {{"k", "v"}});
  EXPECT_EQ(Entities({}),
            (Texts{Bytes("\0"), "a", Bytes("a\0"), "ab", "b", "metadata only", "\xFF"}));
  EXPECT_EQ(Entities({.prefix = "a"}), (Texts{"a", Bytes("a\0"), "ab"}));
  EXPECT_EQ(Entities({.prefix = "a", .after = "a", .limit = 1}, true), Texts{Bytes("a\0")});
  EXPECT_EQ(Entities({.after = "az", .limit = 3}), (Texts{"b", "metadata only", "\xFF"}));
}

CONFORMANCE_CASE(EventAdmin, ListsArePagedToTheEnd, Shows("A1").Needs(Part::kAdmin)) {
  for (const std::string& name : Numbered("entity ", 9)) Append({name, 0}, {"x"});
  for (std::uint64_t partition = 10; partition < 19; ++partition) Append({"x", partition}, {"x"});
  for (const std::size_t limit : {1U, 2U, 9U}) {
    Texts names;
    NamePage page{.names = {}, .more = true};
    while (page.more) {
      page = Must(admin().ListEntities({.prefix = "entity ", .after = page.next, .limit = limit}));
      ASSERT_LE(page.names.size(), limit);
      names.insert(names.end(), page.names.begin(), page.names.end());
    }
    EXPECT_EQ(names, Numbered("entity ", 9));
    Numbers partitions;
    PartitionPage part{.partitions = {}, .more = true};
    while (part.more) {
      part = Must(admin().ListPartitions("x", {.after = part.next, .limit = limit}));
      for (const PartitionInfo& info : part.partitions) partitions.push_back(info.partition);
    }
    EXPECT_EQ(partitions, (Numbers{10, 11, 12, 13, 14, 15, 16, 17, 18}));
  }
}

CONFORMANCE_CASE(EventAdmin, PartitionsAreListedWithTheirHeads, Shows("A1").Needs(Part::kAdmin)) {
  Append({"a", 300}, {"1", "2"});
  Append({"a", 0}, {"1"});
  Append({"a", kVersionMax}, {"1"});
  SetMetadata({"a", 20}, {{"k", "v"}});
  Append({"ab", 1}, {"x"});
  Must(admin().Truncate({"a", 300}, 2));
  const PartitionPage page = Must(admin().ListPartitions("a", {}));
  ASSERT_EQ(page.partitions.size(), 4U);
  EXPECT_EQ(page.partitions[0].partition, 0U);
  EXPECT_EQ(page.partitions[0].head, 1U);
  EXPECT_EQ(page.partitions[1].partition, 20U);
  EXPECT_EQ(page.partitions[1].head, 0U);
  EXPECT_EQ(page.partitions[2].partition, 300U);
  EXPECT_EQ(page.partitions[2].head, 2U);
  EXPECT_EQ(page.partitions[2].first, 2U);
  EXPECT_EQ(page.partitions[3].partition, kVersionMax);
  EXPECT_EQ(Partitions("a", {.after = 0, .limit = 2}, true), (Numbers{20, 300}));
  EXPECT_EQ(Partitions("a", {.after = kVersionMax}), Numbers());
  EXPECT_EQ(Partitions("none", {}), Numbers());
}

CONFORMANCE_CASE(EventAdmin, WhatIsDeletedIsNotListed,
                 Shows("A1", "X1", "X3").Needs(Part::kAdmin)) {
  Append({"a", 0}, {"x"});
  Append({"a", 1}, {"x"});
  Append({"b", 0}, {"x"});
  SetMetadata({"c", 0}, {{"k", "v"}});
  DeleteStream({"a", 0});
  EXPECT_EQ(Partitions("a", {}), Numbers{1});
  DeleteWhole("a");
  Commit({UpdateMetadata{{"c", 0}, {}, {"k"}}});
  EXPECT_EQ(Partitions("a", {}), Numbers());
  EXPECT_EQ(Entities({}), Texts{"b"});
}

CONFORMANCE_CASE(EventAdmin, WhatIsDeletedIsPassedOverInPages,
                 Shows("A1", "R14").Needs(Part::kAdmin)) {
  constexpr std::uint64_t kDeleted = 3000;
  Batch appends;
  Batch deletions;
  for (std::uint64_t i = 0; i < kDeleted; ++i) {
    const std::string name = "gone " + std::to_string(i);
    appends.Add(AppendEvents({"x", i}, {"x"}));
    appends.Add(AppendEvents({name, 0}, {"x"}));
    deletions.Add(DeletePartition({"x", i}));
    deletions.Add(DeleteEntity(name));
  }
  Commit(std::move(appends));
  Append({"x", kDeleted}, {"left"});
  Commit(std::move(deletions));
  Texts names;
  NamePage page{.names = {}, .more = true};
  for (std::uint64_t pages = 0; page.more; ++pages) {
    ASSERT_LT(pages, kDeleted);
    page = Must(admin().ListEntities({.after = page.next, .limit = 2}));
    names.insert(names.end(), page.names.begin(), page.names.end());
  }
  EXPECT_EQ(names, Texts{"x"});
  Numbers partitions;
  PartitionPage part{.partitions = {}, .more = true};
  for (std::uint64_t pages = 0; part.more; ++pages) {
    ASSERT_LT(pages, kDeleted);
    part = Must(admin().ListPartitions("x", {.after = part.next, .limit = 2}));
    for (const PartitionInfo& info : part.partitions) partitions.push_back(info.partition);
  }
  EXPECT_EQ(partitions, Numbers{kDeleted});
}

CONFORMANCE_CASE(EventAdmin, AListOfNothingIsInvalid, Shows("A1").Needs(Part::kAdmin)) {
  EXPECT_EQ(Code(admin().ListEntities({.limit = 0})), StatusCode::kInvalidArgument);
  EXPECT_EQ(Code(admin().ListQueues({.limit = 0})), StatusCode::kInvalidArgument);
  EXPECT_EQ(Code(admin().ListPartitions("a", {.limit = 0})), StatusCode::kInvalidArgument);
  EXPECT_EQ(Code(admin().ListPartitions("", {})), StatusCode::kInvalidArgument);
}

CONFORMANCE_CASE(EventAdmin, TruncateRemovesWhatIsBeforeAVersion,
                 Shows("A6", "E8").Needs(Part::kAdmin).Needs(Part::kReopen)) {
  Append(a_, Numbered("", 6));
  Append({"a", 1}, {"other"});
  EXPECT_EQ(Must(admin().Truncate(a_, 4)), 3U);
  for (int round = 0; round < 2; ++round) {
    const EventPage page = Page(a_);
    EXPECT_EQ(TextsOf(page), (Texts{"4", "5", "6"}));
    EXPECT_EQ(page.events.front().version, 4U);
    EXPECT_EQ(page.events.front().position, 4U);
    EXPECT_EQ(page.head, 6U);
    EXPECT_EQ(page.first, 4U);
    EXPECT_EQ(TextsOf(Page(a_, {.from = 2, .max_events = 2})), (Texts{"4", "5"}));
    EXPECT_EQ(Must(admin().Truncate(a_, 4)), 0U) << "it is done";
    EXPECT_EQ(Must(admin().Truncate(a_, 2)), 0U) << "it never comes back";
    Reopen();
  }
  EXPECT_EQ(Append(a_, {"7"}, Expected::Exactly(6)).first, 7U);
  EXPECT_EQ(Events({"a", 1}), Texts{"other"});
}

CONFORMANCE_CASE(EventAdmin, BackwardPagesOfATruncatedStreamComeToAnEnd,
                 Shows("A6", "R2").Needs(Part::kAdmin)) {
  Append(a_, Numbered("", 5));
  Must(admin().Truncate(a_, 3));
  Texts all;
  Version from = kVersionMax;
  for (int page_count = 0; from != 0 && page_count < 10; ++page_count) {
    const EventPage page =
        Page(a_, {.from = from, .direction = Direction::kBackward, .max_events = 2});
    for (const Event& event : page.events) all.push_back(event.payload);
    from = page.next;
  }
  EXPECT_EQ(from, 0U);
  EXPECT_EQ(all, (Texts{"5", "4", "3"}));
}

CONFORMANCE_CASE(EventAdmin, AStreamMayBeTruncatedWhole, Shows("A6", "E9").Needs(Part::kAdmin)) {
  Append(a_, {"1", "2"});
  EXPECT_EQ(Must(admin().Truncate(a_, 3)), 2U);
  const EventPage page = Page(a_);
  EXPECT_TRUE(page.events.empty());
  EXPECT_EQ(page.head, 2U);
  EXPECT_EQ(page.first, 3U);
  EXPECT_EQ(Latest("a")->head, 2U);
  Commit({CheckVersion{a_, Expected::Exactly(2)}, CheckVersion{a_, Expected::Exists()}});
  EXPECT_EQ(Append(a_, {"3"}).first, 3U);
  EXPECT_EQ(Events(a_), Texts{"3"});
}

CONFORMANCE_CASE(EventAdmin, TruncatingWhatIsNotThereIsAConflict, Shows("A6").Needs(Part::kAdmin)) {
  Append(a_, {"1", "2"});
  const Status status = admin().Truncate(a_, 4).status();
  ASSERT_EQ(status.code(), StatusCode::kConflict) << status;
  EXPECT_EQ(status.conflict()->actual, 2U);
  EXPECT_EQ(Code(admin().Truncate({"none", 0}, 2)), StatusCode::kConflict);
  EXPECT_EQ(Must(admin().Truncate({"none", 0}, 1)), 0U);
  EXPECT_EQ(Events(a_), (Texts{"1", "2"}));
  EXPECT_EQ(Latest("none"), std::nullopt);
  EXPECT_EQ(Code(admin().Truncate({"", 0}, 1)), StatusCode::kInvalidArgument);
  DeleteWhole("a");
  EXPECT_EQ(Must(admin().Truncate(a_, 1)), 0U);
  EXPECT_EQ(Code(admin().Truncate(a_, 2)), StatusCode::kConflict);
}

CONFORMANCE_CASE(EventAdmin, ATruncatedStreamIsDeletedLikeAnyOther,
                 Shows("A6", "X1", "X3").Needs(Part::kAdmin)) {
  Append(a_, Numbered("", 5));
  Append({"a", 1}, Numbered("", 5));
  Must(admin().Truncate(a_, 3));
  Must(admin().Truncate({"a", 1}, 6));
  EXPECT_EQ(DeleteStream(a_), 3U) << "what was still there";
  EXPECT_EQ(DeleteWhole("a"), 0U);
  EXPECT_EQ(Latest("a")->partition, 1U);
  EXPECT_EQ(Latest("a")->head, 0U);
}

CONFORMANCE_CASE(EventAdmin, PagesOfATruncatedStreamTellWhereToGoOn,
                 Shows("A6", "R2").Needs(Part::kAdmin).Needs(Part::kReopen)) {
  // The versions of a page, then its `next`, `first` and `head`.
  const auto read = [this](const ReadOptions& options) {
    const EventPage page = Page(a_, options);
    Numbers all;
    for (const Event& event : page.events) all.push_back(event.version);
    all.insert(all.end(), {page.next, page.first, page.head});
    return all;
  };
  constexpr Direction kBackward = Direction::kBackward;
  Append(a_, Numbered("", 7));
  EXPECT_EQ(Must(admin().Truncate(a_, 4)), 3U);
  EXPECT_EQ(Must(admin().Truncate(a_, 0)), 0U);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(read({}), (Numbers{4, 5, 6, 7, 8, 4, 7}));
    EXPECT_EQ(read({.from = 2, .max_events = 2}), (Numbers{4, 5, 6, 4, 7}));
    EXPECT_EQ(read({.from = 6}), (Numbers{6, 7, 8, 4, 7}));
    EXPECT_EQ(read({.from = 20}), (Numbers{20, 4, 7}));
    EXPECT_EQ(read({.direction = kBackward}), (Numbers{7, 6, 5, 4, 0, 4, 7}));
    EXPECT_EQ(read({.direction = kBackward, .max_events = 2}), (Numbers{7, 6, 5, 4, 7}));
    EXPECT_EQ(read({.from = 3, .direction = kBackward}), (Numbers{0, 4, 7}));
    Reopen();
  }
  EXPECT_EQ(Must(admin().Truncate(a_, 8)), 4U);
  Reopen();
  EXPECT_EQ(read({}), (Numbers{8, 8, 7}));
  EXPECT_EQ(read({.direction = kBackward}), (Numbers{0, 8, 7}));
  EXPECT_EQ(Append(a_, {"8"}, Expected::Exactly(7)).first, 8U);
}

CONFORMANCE_CASE(EventAdmin, ListsHoldOverReopen,
                 Shows("A1", "X1").Needs(Part::kAdmin).Needs(Part::kReopen)) {
  Append({"b", 1}, {"x"});
  Append({"b", 2}, {"1", "2"});
  SetMetadata({"b", 5}, {{"k", "v"}});
  SetMetadata({Bytes("b\0"), 5}, {{"k", "v"}});
  Append({"ba", 0}, {"x"});
  Append({"deleted", 1}, {"x"});
  Commit({DeleteEntity{"deleted"}, DeletePartition{{"b", 1}}});
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(Entities({}), (Texts{"b", Bytes("b\0"), "ba"}));
    EXPECT_EQ(Entities({.prefix = "b", .after = "a"}), (Texts{"b", Bytes("b\0"), "ba"}));
    EXPECT_EQ(Entities({.prefix = "c"}), Texts());
    EXPECT_EQ(Entities({.limit = 2}, true), (Texts{"b", Bytes("b\0")}));
    EXPECT_EQ(Entities({.limit = 3}), (Texts{"b", Bytes("b\0"), "ba"}));
    EXPECT_EQ(Partitions("b", {}), (Numbers{2, 5}));
    Reopen();
  }
  const PartitionPage page = Must(admin().ListPartitions("b", {}));
  ASSERT_EQ(page.partitions.size(), 2U);
  EXPECT_EQ(page.partitions[0].head, 2U);
  EXPECT_EQ(page.partitions[1].first, 1U);
}

}  // namespace
}  // namespace tandem::conformance
