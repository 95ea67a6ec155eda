// Limits: what is as large as allowed works, what is larger is refused before anything is done
// (B8, Q4).

#include <string>
#include <utility>
#include <vector>

#include "tandem/tests/provider_conformance/internal/conformance_test.h"

namespace tandem::conformance {

CONFORMANCE_CHAPTER(Limits)

namespace {

class LimitsTest : public ConformanceTest {
 protected:
  const StreamId a_{"a", 0};
};

CONFORMANCE_CASE(Limits, NamesMayBeAsLongAsAllowed, Shows("B8", "B12").Needs(Part::kReopen)) {
  const std::string longest(kNameBytesMax, '\0');
  const std::string highest(kNameBytesMax, '\xFF');
  for (const std::string& name : {longest, highest, std::string("x")}) {
    Append({name, 7}, {"event"});
    SetMetadata({name, 7}, {{name, "v"}});
    Put(name, "message", {.group = name, .key = name});
  }
  Reopen();
  for (const std::string& name : {longest, highest, std::string("x")}) {
    EXPECT_EQ(Events({name, 7}), Texts{"event"});
    EXPECT_EQ(MetadataOf({name, 7}), (Entries{{name, "v"}}));
    EXPECT_EQ(Latest(name)->partition, 7U);
    const Delivery delivery = TakeOne(name);
    EXPECT_EQ(delivery.group, name);
    EXPECT_EQ(delivery.key, name);
    Ack(delivery.lock_token);
  }
}

CONFORMANCE_CASE(Limits, PayloadsMayBeAsLargeAsAllowed,
                 Shows("B8", "Q4", "E8", "R3").Needs(Part::kReopen)) {
  const std::string largest(kPayloadBytesMax, 'p');
  Append(a_, {largest, "small", largest});
  Put(kQueue, largest);
  SetMetadata(a_, {{"k", largest}});
  Reopen();
  const EventPage page = Page(a_);
  ASSERT_EQ(page.events.size(), 1U) << "one event at least is returned";
  EXPECT_EQ(page.events[0].payload, largest);
  EXPECT_EQ(page.head, 3U);
  EXPECT_EQ(TakeOne(kQueue).payload, largest);
  EXPECT_EQ(MetadataOf(a_), (Entries{{"k", largest}}));
}

CONFORMANCE_CASE(Limits, WhatIsWrongIsFoundBeforeAnythingElse, Shows("B8")) {
  Append(a_, {"1"});
  const std::string long_name(kNameBytesMax + 1, 'n');
  const std::string large(kPayloadBytesMax + 1, 'p');
  Put(kQueue, "x");
  const LockToken held = TakeOne(kQueue).lock_token;
  const StreamId unnamed{"", 0};
  const StreamId overlong{long_name, 0};
  const std::vector<std::pair<Operation, StatusCode>> bad = {
      {AppendEvents{unnamed, {"x"}}, StatusCode::kInvalidArgument},
      {AppendEvents{overlong, {"x"}}, StatusCode::kTooLarge},
      {AppendEvents{a_, {"x", large}}, StatusCode::kTooLarge},
      {UpdateMetadata{unnamed, {}, {}}, StatusCode::kInvalidArgument},
      {UpdateMetadata{a_, {{"k", large}}, {}}, StatusCode::kTooLarge},
      {UpdateMetadata{a_, {{long_name, "v"}}, {}}, StatusCode::kTooLarge},
      {UpdateMetadata{a_, {}, {long_name}}, StatusCode::kTooLarge},
      {DeletePartition{unnamed}, StatusCode::kInvalidArgument},
      {DeletePartition{overlong}, StatusCode::kTooLarge},
      {DeleteEntity{""}, StatusCode::kInvalidArgument},
      {DeleteEntity{long_name}, StatusCode::kTooLarge},
      {CheckVersion{unnamed, Expected::Any()}, StatusCode::kInvalidArgument},
      {CheckVersion{overlong, Expected::Any()}, StatusCode::kTooLarge},
      {CheckMetadata{a_, long_name, "v"}, StatusCode::kTooLarge},
      {Enqueue{long_name, "m", {}}, StatusCode::kTooLarge},
      {Enqueue{"q", large, {}}, StatusCode::kTooLarge},
      {Enqueue{"q", "m", {.group = long_name}}, StatusCode::kTooLarge},
      {Enqueue{"q", "m", {.key = long_name}}, StatusCode::kTooLarge},
      {Enqueue{"q", "m", {.delay = -kSecond}}, StatusCode::kInvalidArgument},
      {CancelMessage{long_name, "k"}, StatusCode::kTooLarge},
      {CancelMessage{"q", long_name}, StatusCode::kTooLarge},
      {DeleteGroup{long_name, "g"}, StatusCode::kTooLarge},
      {DeleteGroup{"q", long_name}, StatusCode::kTooLarge},
      {DeleteMessages{LockToken{""}}, StatusCode::kInvalidArgument},
      {DeleteMessages{LockToken{"rubbish"}}, StatusCode::kInvalidArgument},
      {AbandonMessages{held, -kSecond, true}, StatusCode::kInvalidArgument}};
  for (std::size_t i = 0; i < bad.size(); ++i) {
    // The conflict in front is not reached.
    const Status status = Refused({AppendEvents{a_, {"x"}, Expected::NoStream()}, bad[i].first});
    ASSERT_EQ(status.code(), bad[i].second) << i << ": " << status;
    ASSERT_EQ(status.failures().size(), 1U) << i;
    ASSERT_EQ(status.failures()[0].operation, 1U) << i;
  }
  EXPECT_EQ(Events(a_), Texts{"1"});
}

CONFORMANCE_CASE(Limits, ABatchMayHaveAsManyOperationsAsAllowed, Shows("B8")) {
  Batch checks(std::vector<Operation>(kBatchOperationsMax, CheckVersion{a_, Expected::NoStream()}));
  EXPECT_EQ(Commit(checks).size(), kBatchOperationsMax);
  checks.Add(CheckVersion{a_, Expected::NoStream()});
  EXPECT_EQ(Code(Refused(std::move(checks))), StatusCode::kTooLarge);
  EXPECT_EQ(Code(store().Append(a_, Texts(kBatchOperationsMax + 1))), StatusCode::kTooLarge)
      << "each event counts";
  EXPECT_EQ(Head(a_), 0U);
}

CONFORMANCE_CASE(Limits, ABatchOfTooManyBytesIsRefused, Shows("B8")) {
  const std::string quarter(kBatchBytesMax / 4, 'p');
  Batch batch(std::vector<Operation>(4, Enqueue{"mail", quarter, {}}));
  EXPECT_EQ(Code(Refused(batch)), StatusCode::kTooLarge) << "the names count too";
  EXPECT_TRUE(Take("mail").empty());
  batch = Batch(std::vector<Operation>(3, Enqueue{"mail", quarter, {}}));
  Commit(std::move(batch));
  EXPECT_EQ(Drain("mail").size(), 3U);
}

}  // namespace
}  // namespace tandem::conformance
