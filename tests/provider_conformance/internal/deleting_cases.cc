// Deleting partitions and entities, and the next life (X).

#include <string>
#include <vector>

#include "tandem/tests/provider_conformance/internal/conformance_test.h"

namespace tandem::conformance {

CONFORMANCE_CHAPTER(Deleting)

namespace {

class DeletingTest : public ConformanceTest {
 protected:
  // Partitions 0 to 2 of "a" with 1 to 3 events and an entry each.
  void WriteThree() {
    for (std::uint64_t partition = 0; partition < 3; ++partition) {
      Append({"a", partition},
             Numbered("p" + std::to_string(partition) + ".", static_cast<int>(partition) + 1));
      SetMetadata({"a", partition}, {{"k", "v"}});
    }
  }

  void ExpectMissing(const StreamId& stream) {
    const EventPage page = Page(stream);
    EXPECT_TRUE(page.events.empty());
    EXPECT_EQ(page.head, 0U);
    EXPECT_EQ(page.first, 1U);
    EXPECT_TRUE(Page(stream, {.direction = Direction::kBackward}).events.empty());
    EXPECT_EQ(MetadataOf(stream), Entries());
    Commit({CheckVersion{stream, Expected::NoStream()}, CheckMetadata{stream, "k", std::nullopt}});
  }

  // No event, no empty append and no metadata can be written.
  void ExpectClosed(const StreamId& stream) {
    for (const Operation& operation :
         Batch{AppendEvents{stream, {"x"}}, AppendEvents{stream, {"x"}, Expected::NoStream()},
               AppendEvents{stream, {}}, UpdateMetadata{stream, {{"k", "v"}}, {}},
               UpdateMetadata{stream, {}, {"k"}}}) {
      const Status status = Refused({operation});
      ASSERT_NE(status.conflict(), nullptr) << status;
      EXPECT_EQ(status.conflict()->actual, 0U);
    }
  }

  void ExpectTombstone(const std::string& entity, std::uint64_t partition) {
    const auto latest = Latest(entity);
    ASSERT_TRUE(latest.has_value());
    EXPECT_EQ(latest->partition, partition);
    EXPECT_EQ(latest->head, 0U);
  }
};

CONFORMANCE_CASE(Deleting, APartitionBelowTheLatestGoesWhole, Shows("X1", "X6")) {
  WriteThree();
  EXPECT_EQ(DeleteStream({"a", 1}), 2U);
  ExpectMissing({"a", 1});
  EXPECT_EQ(Head({"a", 0}), 1U);
  EXPECT_EQ(Head({"a", 2}), 3U);
  EXPECT_EQ(MetadataOf({"a", 2}), (Entries{{"k", "v"}}));
  EXPECT_EQ(Latest("a")->partition, 2U);
}

CONFORMANCE_CASE(Deleting, TheLatestPartitionAndWhatIsAboveStay, Shows("X1")) {
  WriteThree();
  SetMetadata({"a", 8}, {{"k", "v"}});
  for (const std::uint64_t partition :
       {std::uint64_t{2}, std::uint64_t{3}, std::uint64_t{8}, kVersionMax}) {
    EXPECT_EQ(Code(Refused({DeletePartition{{"a", partition}}})), StatusCode::kConflict);
  }
  EXPECT_EQ(Refused({DeletePartition{{"a", 2}}}).conflict()->actual, 3U);
  EXPECT_EQ(Code(Refused({DeletePartition{{"none", 0}}})), StatusCode::kConflict);
  Append({"b", 9}, {"another entity's"});
  EXPECT_EQ(Code(Refused({DeletePartition{{"a", 2}}})), StatusCode::kConflict);
  EXPECT_EQ(Head({"a", 2}), 3U);
  EXPECT_EQ(MetadataOf({"a", 8}), (Entries{{"k", "v"}}));
}

CONFORMANCE_CASE(Deleting, DeletingAgainRemovesNothingAndSucceeds,
                 Shows("X2").Needs(Part::kReopen)) {
  WriteThree();
  Append({"a", 5}, {"latest"});
  EXPECT_EQ(DeleteStream({"a", 0}), 1U);
  EXPECT_EQ(DeleteStream({"a", 0}), 0U);
  EXPECT_EQ(DeleteStream({"a", 4}), 0U) << "one that never was";
  Reopen();
  EXPECT_EQ(DeleteStream({"a", 0}), 0U);
  EXPECT_EQ(Events({"a", 5}), Texts{"latest"});
  Append({"a", 4}, {"x"});
  EXPECT_EQ(Head({"a", 4}), 1U) << "what never was is not deleted";
}

CONFORMANCE_CASE(Deleting, AnEntityGoesWithAllItsPartitions, Shows("X3", "X6")) {
  WriteThree();
  Append({"ab", 0}, {"x"});
  Append({Bytes("a\0"), 0}, {"y"});
  EXPECT_EQ(DeleteWhole("a"), 6U);
  for (std::uint64_t partition = 0; partition < 3; ++partition) ExpectMissing({"a", partition});
  EXPECT_EQ(Events({"ab", 0}), Texts{"x"});
  EXPECT_EQ(Events({Bytes("a\0"), 0}), Texts{"y"});
}

CONFORMANCE_CASE(Deleting, AnEntityThatIsNotThereLeavesNothing, Shows("X3")) {
  EXPECT_EQ(DeleteWhole("a"), 0U);
  EXPECT_EQ(Latest("a"), std::nullopt);
  EXPECT_EQ(Append({"a", 0}, {"1"}, Expected::NoStream()).first, 1U);
}

CONFORMANCE_CASE(Deleting, ATombstoneStaysAtTheHighestPartition, Shows("X4").Needs(Part::kReopen)) {
  WriteThree();
  DeleteWhole("a");
  for (int round = 0; round < 2; ++round) {
    ExpectTombstone("a", 2);
    EXPECT_EQ(DeleteWhole("a"), 0U) << "a second time";
    EXPECT_EQ(DeleteStream({"a", 1}), 0U) << "below the tombstone";
    EXPECT_EQ(Code(Refused({DeletePartition{{"a", 3}}})), StatusCode::kConflict);
    ExpectTombstone("a", 2);
    Reopen();
  }
}

CONFORMANCE_CASE(Deleting, MetadataCountsForTheTombstone, Shows("X4", "X3")) {
  Append({"a", 0}, {"1"});
  SetMetadata({"a", 4}, {{"k", "v"}});
  SetMetadata({"only metadata", 3}, {{"k", "v"}});
  EXPECT_EQ(DeleteWhole("a"), 1U);
  EXPECT_EQ(DeleteWhole("only metadata"), 0U);
  ExpectTombstone("a", 4);
  ExpectTombstone("only metadata", 3);
}

CONFORMANCE_CASE(Deleting, NothingIsWrittenToADeletedPartition, Shows("X5").Needs(Part::kReopen)) {
  WriteThree();
  DeleteStream({"a", 1});
  for (int round = 0; round < 2; ++round) {
    ExpectClosed({"a", 1});
    Reopen();
  }
  Append({"a", 0}, {"still open"});
}

CONFORMANCE_CASE(Deleting, ANewLifeUsesTheNextPartition, Shows("X5", "X4").Needs(Part::kReopen)) {
  Append({"a", 3}, {"old"});
  DeleteWhole("a");
  for (int round = 0; round < 2; ++round) {
    ExpectClosed({"a", 3});
    ExpectClosed({"a", 0});
    Reopen();
  }
  EXPECT_EQ(Append({"a", 4}, {"new"}, Expected::NoStream()).first, 1U);
  EXPECT_EQ(Latest("a")->partition, 4U);
  EXPECT_EQ(Latest("a")->head, 1U);
  ExpectClosed({"a", 3});
  EXPECT_EQ(DeleteWhole("a"), 1U);
  ExpectTombstone("a", 4);
  ExpectClosed({"a", 4});
}

CONFORMANCE_CASE(Deleting, TheFeedLeavesOutWhatWasDeleted, Shows("X7", "R11").Needs(Part::kFeed)) {
  WriteThree();  // positions 1, 2-3, 4-6
  Append({"b", 0}, {"b1"});
  DeleteStream({"a", 1});
  EXPECT_EQ(TextsOf(Feed(0)), (Texts{"p0.1", "p2.1", "p2.2", "p2.3", "b1"}));
  EXPECT_EQ(TextsOf(Feed(0, {.limit = 2})), (Texts{"p0.1", "p2.1"}));
  EXPECT_EQ(Feed(2).events.front().event.position, 4U);
  DeleteWhole("a");
  EXPECT_EQ(TextsOf(Feed(0, {.limit = 1})), Texts{"b1"});
  EXPECT_EQ(Feed(0).events.front().event.position, 7U);
  EXPECT_EQ(Append({"b", 0}, {"b2"}).position, 8U);
}

CONFORMANCE_CASE(Deleting, AFeedOfWhatIsAllDeletedIsEmpty, Shows("X7", "E7").Needs(Part::kFeed)) {
  WriteThree();
  DeleteWhole("a");
  EXPECT_TRUE(Feed(0).events.empty());
  auto page = Blocked([this] { return Feed(0, {.wait = kHour}); });
  EXPECT_EQ(Append({"b", 0}, {"b1"}).position, 7U);
  EXPECT_EQ(TextsOf(page.get()), Texts{"b1"});
}

CONFORMANCE_CASE(Deleting, TheFeedLeavesOutWhatWasTruncated,
                 Shows("X7", "A6").Needs(Part::kFeed).Needs(Part::kAdmin)) {
  Append({"a", 0}, {"1", "2", "3"});
  Append({"b", 0}, {"x"});
  Must(admin().Truncate({"a", 0}, 3));
  EXPECT_EQ(TextsOf(Feed(0)), (Texts{"3", "x"}));
  EXPECT_EQ(Feed(0).events.front().event.position, 3U);
}

CONFORMANCE_CASE(Deleting, ABatchDoesNotChangeWhatItDeletes, Shows("X8")) {
  WriteThree();
  const StreamId lower{"a", 0};
  const std::vector<Batch> bad = {{DeletePartition{lower}, AppendEvents{lower, {"x"}}},
                                  {AppendEvents{lower, {"x"}}, DeletePartition{lower}},
                                  {DeletePartition{lower}, UpdateMetadata{lower, {{"k", "w"}}, {}}},
                                  {DeletePartition{lower}, DeletePartition{lower}},
                                  {DeleteEntity{"a"}, DeletePartition{lower}},
                                  {DeletePartition{lower}, DeleteEntity{"a"}},
                                  {DeleteEntity{"a"}, DeleteEntity{"a"}},
                                  {DeleteEntity{"a"}, AppendEvents{{"a", 3}, {"x"}}},
                                  {UpdateMetadata{{"a", 9}, {{"k", "v"}}, {}}, DeleteEntity{"a"}}};
  for (std::size_t i = 0; i < bad.size(); ++i) {
    EXPECT_EQ(Code(Refused(bad[i])), StatusCode::kInvalidArgument) << i;
  }
  EXPECT_EQ(Head(lower), 1U);
  EXPECT_EQ(Head({"a", 2}), 3U);
}

CONFORMANCE_CASE(Deleting, ChecksMayStandBesideADeletion, Shows("X8", "B2")) {
  WriteThree();
  const auto results =
      Commit({DeletePartition{{"a", 0}}, CheckVersion{{"a", 0}, Expected::Exactly(1)},
              CheckMetadata{{"a", 0}, "k", "v"}, AppendEvents{{"a", 2}, {"more"}},
              DeletePartition{{"a", 1}}, DeleteEntity{"b"}, AppendEvents{{"c", 0}, {"x"}}});
  EXPECT_EQ(std::get<DeleteEventsResult>(results[0]).events, 1U);
  EXPECT_EQ(std::get<DeleteEventsResult>(results[4]).events, 2U);
  ExpectRefused({DeleteEntity{"a"}, CheckVersion{{"a", 2}, Expected::NoStream()}});
  EXPECT_EQ(Head({"a", 2}), 4U);
}

CONFORMANCE_CASE(Deleting, TheLatestIsThatBeforeTheBatch, Shows("B2", "X1")) {
  WriteThree();
  ExpectRefused({AppendEvents{{"a", 3}, {"new"}}, DeletePartition{{"a", 2}}});
  EXPECT_EQ(Head({"a", 3}), 0U);
  EXPECT_EQ(Head({"a", 2}), 3U);
}

CONFORMANCE_CASE(Deleting, ManyPartitionsGoInOneBatch, Shows("X3", "X1")) {
  constexpr std::uint64_t kPartitions = 200;
  Batch appends;
  for (std::uint64_t partition = 0; partition < kPartitions; ++partition) {
    appends.Add(AppendEvents{{"a", partition}, Texts(10, "x")});
  }
  Commit(std::move(appends));
  EXPECT_EQ(DeleteStream({"a", 7}), 10U);
  EXPECT_EQ(DeleteWhole("a"), 10 * (kPartitions - 1));
  ExpectTombstone("a", kPartitions - 1);
}

// What is counted is bounded; what is deleted is not.
CONFORMANCE_CASE(Deleting, OfManyPartitionsTheFirstAreCounted, Shows("X3", "X4")) {
  constexpr std::uint64_t kPartitions = kCountedPartitionsMax;
  for (std::uint64_t partition = 0; partition <= kPartitions;) {
    Batch appends;
    for (int i = 0; i < 512 && partition <= kPartitions; ++i) {
      appends.Add(AppendEvents{{"a", partition++}, Texts(2, "x")});
    }
    Commit(std::move(appends));
  }
  EXPECT_EQ(DeleteStream({"a", 7}), 2U);
  SetMetadata({"a", kPartitions + 5}, {{"k", "v"}});
  const auto deleted = std::get<DeleteEventsResult>(Commit({DeleteEntity{"a"}}).front());
  EXPECT_EQ(deleted.events, 2 * (kPartitions - 1)) << "the deleted one counts as a partition";
  EXPECT_TRUE(deleted.more);
  ExpectTombstone("a", kPartitions + 5);
  EXPECT_TRUE(MetadataOf({"a", kPartitions + 5}).empty());
  EXPECT_EQ(Feed(0, {}).events.size(), 0U);
}

CONFORMANCE_CASE(Deleting, APartitionWithMetadataAloneGoesToo,
                 Shows("X1", "X5").Needs(Part::kReopen)) {
  SetMetadata({"a", 1}, {{"k", "v"}});
  Append({"a", 2}, {"x"});
  EXPECT_EQ(DeleteStream({"a", 1}), 0U);
  for (int round = 0; round < 2; ++round) {
    ExpectMissing({"a", 1});
    ExpectClosed({"a", 1});
    Reopen();
  }
  EXPECT_EQ(DeleteWhole("a"), 1U);
  ExpectClosed({"a", 1});
  ExpectClosed({"a", 2});
}

CONFORMANCE_CASE(Deleting, TheFeedStaysWithoutThemOverReopen,
                 Shows("X7", "E7").Needs(Part::kFeed).Needs(Part::kReopen)) {
  WriteThree();  // positions 1, 2-3, 4-6
  DeleteStream({"a", 1});
  Reopen();
  EXPECT_EQ(TextsOf(Feed(1, {.limit = 1})), Texts{"p2.1"});
  DeleteWhole("a");
  Reopen();
  EXPECT_TRUE(Feed(0).events.empty());
  EXPECT_EQ(Append({"b", 0}, {"b1"}).position, 7U) << "positions go on where they were";
}

}  // namespace
}  // namespace tandem::conformance
