// What refuses a batch, from each of its places, and that nothing of it is applied then (B2-B5,
// B9).

#include <string>
#include <utility>
#include <vector>

#include "tandem/tests/provider_conformance/internal/conformance_test.h"

namespace tandem::conformance {

CONFORMANCE_CHAPTER(Preconditions)

namespace {

class PreconditionsTest : public ConformanceTest {
 protected:
  using Failing = std::pair<Operation, StatusCode>;

  // Streams with an owner, a closed entity, and tokens that are held, taken and gone.
  void Arrange() {
    Append(a_, {"1", "2"});
    SetMetadata(a_, {{"owner", "me"}});
    Append({"deleted", 0}, {"x"});
    DeleteWhole("deleted");
    for (const std::string payload : {"taken", "gone"}) Put("work", payload);
    Put("work", "keyed", {.group = "g", .key = "k"});
    taken_ = TakeOne("work", {.lease = kSecond}).lock_token;
    clock().Advance(kSecond);
    held_ = TakeOne("work", {.lease = kHour}).lock_token;
    gone_ = TakeOne("work", {.lease = kHour}).lock_token;
    Ack(gone_);
  }

  // One failing precondition of each kind.
  std::vector<Failing> FailingOnes() const {
    return {{AppendEvents{a_, {"x"}, Expected::NoStream()}, StatusCode::kConflict},
            {AppendEvents{b_, {"x"}, Expected::Exists()}, StatusCode::kConflict},
            {AppendEvents{{"deleted", 0}, {"x"}}, StatusCode::kConflict},
            {UpdateMetadata{{"deleted", 0}, {{"k", "v"}}, {}}, StatusCode::kConflict},
            {CheckVersion{a_, Expected::Exactly(1)}, StatusCode::kConflict},
            {CheckMetadata{a_, "owner", "you"}, StatusCode::kConflict},
            {CheckMetadata{a_, "owner", std::nullopt}, StatusCode::kConflict},
            {CheckMetadata{a_, "none", ""}, StatusCode::kConflict},
            {DeletePartition{{"entity", 5}}, StatusCode::kConflict},
            {DeleteMessages{taken_}, StatusCode::kLeaseLost},
            {DeleteMessages{gone_}, StatusCode::kLeaseLost},
            {AbandonMessages{taken_, {}, true}, StatusCode::kLeaseLost},
            {AbandonMessages{gone_, kSecond, false}, StatusCode::kLeaseLost},
            {DeleteMessages{LockToken{"rubbish"}}, StatusCode::kInvalidArgument},
            {Enqueue{"", "no queue", {}}, StatusCode::kInvalidArgument},
            {AppendEvents{{"", 0}, {"no entity"}}, StatusCode::kInvalidArgument}};
  }

  // One operation of each kind that would be applied, and would be seen.
  Batch Effects() const {
    return {AppendEvents{b_, {"x"}},
            UpdateMetadata{b_, {{"new", "v"}}, {}},
            Enqueue{"mail", "m", {.group = "h", .key = "m"}},
            DeleteMessages{held_},
            CancelMessage{"work", "k"},
            DeleteGroup{"work", "g"},
            CheckVersion{a_, Expected::Exactly(2)},
            DeleteEntity{"entity that is not there"}};
  }

  void ExpectUntouched() {
    ASSERT_EQ(Events(a_), (Texts{"1", "2"}));
    ASSERT_EQ(Head(b_), 0U);
    ASSERT_EQ(MetadataOf(a_), (Entries{{"owner", "me"}}));
    ASSERT_EQ(MetadataOf(b_), Entries());
    ASSERT_EQ(TakeTexts("mail"), Texts());
  }

  const StreamId a_{"account-1", 0};
  const StreamId b_{"account-2", 0};
  LockToken taken_, gone_, held_;
};

CONFORMANCE_CASE(Preconditions, EachFailsABatchFromEachPlace, Shows("B1", "B2", "B4")) {
  Arrange();
  for (const auto& [failing, code] : FailingOnes()) {
    for (std::size_t place = 0; place <= Effects().size(); ++place) {
      std::vector<Operation> operations = Effects().Take();
      operations.insert(operations.begin() + static_cast<std::ptrdiff_t>(place), failing);
      Batch batch(std::move(operations));
      const Status status = Refused(batch);
      ASSERT_EQ(status.code(), code) << status;
      ASSERT_EQ(status.failures().size(), 1U) << status;
      ASSERT_EQ(status.failures()[0].operation, place) << status;
      ExpectUntouched();
    }
  }
  EXPECT_EQ(TakeTexts("work"), Texts{"keyed"}) << "neither cancelled nor deleted";
  Ack(held_);
}

CONFORMANCE_CASE(Preconditions, EveryFailureIsReportedInOrder, Shows("B2", "L4", "E4")) {
  Arrange();
  Batch batch;
  std::vector<StatusCode> codes;
  for (const auto& [failing, code] : FailingOnes()) {
    if (code == StatusCode::kInvalidArgument) continue;  // judged before the state is looked at
    batch.Add(Enqueue{"mail", "m", {}});
    batch.Add(failing);
    codes.push_back(code);
  }
  // One token twice is another mistake.
  std::vector<Operation> operations = std::move(batch).Take();
  std::erase_if(operations, [](const Operation& operation) {
    return std::holds_alternative<AbandonMessages>(operation);
  });
  batch = Batch(std::move(operations));
  codes.resize(codes.size() - 2);
  const Status status = Refused(batch);
  ASSERT_EQ(status.failures().size(), codes.size()) << status;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    EXPECT_EQ(status.failures()[i].operation, 2 * i + 1);
    EXPECT_EQ(status.failures()[i].status.code(), codes[i]) << status.failures()[i].status;
  }
  EXPECT_EQ(status.code(), codes[0]);
  EXPECT_EQ(status.conflict()->actual, 2U) << "the batch's status is that of the first";
  ExpectLost(status.failures()[codes.size() - 2].status, LeaseLoss::kTaken);
  ExpectLost(status.failures()[codes.size() - 1].status, LeaseLoss::kGone);
  ExpectUntouched();
}

CONFORMANCE_CASE(Preconditions, ThoseThatHoldHaveNoEffect, Shows("B3", "B5")) {
  Append(a_, {"1"});
  SetMetadata(a_, {{"owner", "me"}});
  const auto results =
      Commit({CheckVersion{a_, Expected::Exactly(1)}, CheckVersion{b_, Expected::NoStream()},
              CheckMetadata{a_, "owner", "me"}, CheckMetadata{a_, "none", std::nullopt},
              CheckMetadata{b_, "owner", std::nullopt}});
  EXPECT_EQ(results.size(), 5U);
  EXPECT_EQ(Head(a_), 1U);
  EXPECT_EQ(Latest("account-2"), std::nullopt);
  EXPECT_EQ(Append(b_, {"x"}).position, 2U);
}

CONFORMANCE_CASE(Preconditions, AreJudgedByTheStateBeforeTheBatch, Shows("B2", "B3", "E6")) {
  Append(a_, {"1"});
  SetMetadata(a_, {{"owner", "me"}});
  Commit({UpdateMetadata{a_, {{"owner", "you"}}, {}}, CheckMetadata{a_, "owner", "me"},
          AppendEvents{a_, {"2"}}, CheckVersion{a_, Expected::Exactly(1)}});
  ExpectRefused({UpdateMetadata{a_, {{"owner", "they"}}, {}}, CheckMetadata{a_, "owner", "they"}});
  EXPECT_EQ(MetadataOf(a_), (Entries{{"owner", "you"}}));
}

CONFORMANCE_CASE(Preconditions, AConflictOfMetadataIsAConflict, Shows("B3", "E4")) {
  SetMetadata(a_, {{"owner", "me"}});
  const Status status = Refused({CheckMetadata{a_, "owner", "you"}});
  EXPECT_EQ(status.code(), StatusCode::kConflict);
  ASSERT_NE(status.conflict(), nullptr);
  EXPECT_EQ(status.conflict()->entity, a_.entity);
  EXPECT_EQ(status.conflict()->partition, a_.partition);
  EXPECT_EQ(status.conflict()->key, "owner");
  EXPECT_EQ(status.conflict()->expected, "the value given");
  EXPECT_EQ(status.conflict()->found, "me");
  EXPECT_EQ(Refused({CheckMetadata{a_, "color", "red"}}).conflict()->found, std::nullopt);
  SetMetadata(a_, {{"long", std::string(10'000, 'x')}});
  EXPECT_EQ(Refused({CheckMetadata{a_, "long", std::nullopt}}).conflict()->found,
            std::string(ConflictDetail::kFoundBytesMax, 'x'));
}

CONFORMANCE_CASE(Preconditions, ACheckMaySayWhatItIsReportedAs, Shows("B3", "E4")) {
  SetMetadata(a_, {{"owner", "me"}});
  CheckMetadata taken(a_, "owner", std::nullopt);
  taken.otherwise = Status::AlreadyExists("it is mine");
  const Status status = Refused({AppendEvents{a_, {"1"}}, taken});
  EXPECT_EQ(status.code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(status.failures().front().status.message(), "it is mine");
  ASSERT_EQ(status.failures().size(), 1U);
  EXPECT_EQ(status.failures().front().operation, 1U);
  EXPECT_EQ(Head(a_), 0U);

  taken.otherwise = Status::Ok();
  EXPECT_EQ(Code(Refused({taken})), StatusCode::kInvalidArgument);
}

CONFORMANCE_CASE(Preconditions, OneBatchClaimsAKeyOnce, Shows("B9")) {
  CheckMetadata claim(a_, "owner", std::nullopt);
  claim.otherwise = Status::AlreadyExists("it is mine");
  const UpdateMetadata take(a_, {{"owner", "me"}});
  const Status status = Refused({claim, take, claim, take});
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(status.failures().front().operation, 2U);
  EXPECT_NE(status.message().find("it is mine"), std::string::npos) << status;
  Commit({claim, take});
  EXPECT_EQ(Code(Refused({claim, take})), StatusCode::kAlreadyExists);

  // What must be there may be checked as often as one likes.
  CheckMetadata mine(a_, "owner", "me");
  mine.otherwise = Status::NotFound("nobody has it");
  Commit({mine, mine});
}

CONFORMANCE_CASE(Preconditions, ALostTokenFencesEventsAndMessages, Shows("B4", "B1")) {
  Put(kQueue, "x");
  const LockToken lost = TakeOne(kQueue, {.lease = kSecond}).lock_token;
  clock().Advance(kSecond);
  const LockToken held = TakeOne(kQueue).lock_token;
  ExpectLost(
      Refused({AppendEvents{a_, {"done"}}, Enqueue{"mail", "done", {}}, DeleteMessages{lost}}),
      LeaseLoss::kTaken);
  EXPECT_EQ(Head(a_), 0U);
  EXPECT_TRUE(Take("mail").empty());
  Commit({AppendEvents{a_, {"done"}}, Enqueue{"mail", "done", {}}, DeleteMessages{held}});
  EXPECT_EQ(Events(a_), Texts{"done"});
  EXPECT_EQ(TakeTexts("mail"), Texts{"done"});
  EXPECT_TRUE(Take(kQueue).empty());
}

CONFORMANCE_CASE(Preconditions, OneTokenTwiceIsInvalid, Shows("B9")) {
  for (const std::string group : {"", "g"}) {
    PutIn(group, "x");
    const LockToken token = TakeOne(kQueue).lock_token;
    const Operation ack = DeleteMessages{token};
    const Operation abandon = AbandonMessages{token, {}, true};
    for (const auto& [first, second] :
         {std::pair(ack, ack), {ack, abandon}, {abandon, ack}, {abandon, abandon}}) {
      const Status status = Refused({Enqueue{"mail", "m", {}}, first, second});
      EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status;
      EXPECT_EQ(status.failures().at(0).operation, 2U) << "the second use is the mistake";
    }
    EXPECT_TRUE(Take("mail").empty());
    Ack(token);
  }
}

CONFORMANCE_CASE(Preconditions, ASingleCallFailsLikeABatchOfOne, Shows("B2", "E4", "L4")) {
  Append(a_, {"1"});
  const Expected none = Expected::NoStream();
  const Status alone = store().Append(a_, {"2"}, {none, Durability::kSync, {}}).status();
  const Status batch = Refused({AppendEvents{a_, {"2"}, none}});
  EXPECT_EQ(alone.code(), batch.code());
  EXPECT_EQ(alone.conflict()->actual, batch.failures().at(0).status.conflict()->actual);
}

}  // namespace
}  // namespace tandem::conformance
