#include "tandem/sourcing/event.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "tandem/sourcing/envelope.h"
#include "tandem/sourcing/upcasters.h"
#include "tandem/tests/sourcing/order.h"

// An event whose data are no JSON.
struct Weighed {
  int grams = 0;
};

template <>
struct sourcing::EventData<Weighed> {
  static constexpr std::string_view kType = "weighed";
  static std::string Encode(const Weighed& event) { return std::string(event.grams, '.'); }
  static sourcing::Result<Weighed> Decode(std::string_view data) {
    return Weighed{static_cast<int>(data.size())};
  }
};

namespace sourcing {
namespace {

using shop::Cancelled;
using shop::Order;
using shop::Paid;
using shop::Placed;
using ::testing::HasSubstr;

Envelope Make(const std::string& type, const std::string& data) {
  Envelope envelope;
  envelope.type = type;
  envelope.data = data;
  return envelope;
}

TEST(EnvelopeTest, ComesBackAsItWas) {
  Envelope envelope = Make("paid", std::string("\0{}", 3));
  envelope.id = "order/1@7";
  envelope.correlation = "request-1";
  envelope.causation = "command-2";
  envelope.time = Timestamp(std::chrono::microseconds(1'234'567));
  envelope.headers = {{"user", "ann"}, {"empty", ""}};
  const Result<Envelope> decoded = DecodeEnvelope(Encode(envelope), "an event");
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, envelope);
}

TEST(EnvelopeTest, OtherBytesAreRefusedByName) {
  for (const std::string& bytes : {std::string(), std::string("a lamp was ordered"),
                                   Encode(Envelope()), Encode(Make("paid", "{}")).substr(0, 20)}) {
    const Result<Envelope> decoded = DecodeEnvelope(bytes, "version 7 of order/1");
    ASSERT_FALSE(decoded.ok());
    EXPECT_EQ(decoded.status().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(decoded.status().message(), HasSubstr("version 7 of order/1 is no envelope"));
  }
}

TEST(EventTest, FieldsAreJsonUnderTheStoredName) {
  EXPECT_EQ(EventData<Placed>::kType, "placed");
  EXPECT_EQ(EventData<Placed>::Encode({"ann", "lamp", 500}),
            R"({"cents":500,"customer":"ann","item":"lamp"})");
  EXPECT_EQ(EventData<shop::Shipped>::Encode({}), "{}");
  EXPECT_EQ(Order::Events::Names(), "placed, paid, cancelled");
}

TEST(EventTest, IsDecodedByItsName) {
  const auto event = Order::Events::Decode(Make("paid", R"({"cents":5})"), "it");
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(std::get<Paid>(*event), Paid{5});
}

TEST(EventTest, ATypeWithoutUpcasterIsNamedWithWhatToDo) {
  const auto event = Order::Events::Decode(Make("lost", "{}"), "version 3 of order/1");
  EXPECT_EQ(event.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(event.status().message(),
              HasSubstr("version 3 of order/1 is of the type 'lost', known are placed, paid, "
                        "cancelled: add it to sourcing::Events<...>, or an upcaster"));
}

TEST(EventTest, DataThatDoNotFitAreNamed) {
  const auto event = Order::Events::Decode(Make("paid", R"({"cents":"five"})"), "version 3");
  EXPECT_EQ(event.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(event.status().message(), HasSubstr("version 3: the data of 'paid' can't be read"));
  EXPECT_THAT(event.status().message(), HasSubstr("'cents'"));
}

TEST(EventTest, DataNeedNotBeJson) {
  using All = Events<Weighed, Paid>;
  const auto event = All::Decode(Make("weighed", "..."), "it");
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(std::get<Weighed>(*event).grams, 3);
}

TEST(UpcastersTest, LeadFromEachPastToToday) {
  Upcasters past;
  past.Rename("payed", "payment").Add("payment", "paid", Json([](nlohmann::json& data) {
                                        data["cents"] = 100 * data.at("euros").get<int>();
                                        data.erase("euros");
                                      }));
  for (const char* const type : {"payed", "payment"}) {
    const auto event = Order::Events::Decode(Make(type, R"({"euros":5})"), "it", past);
    ASSERT_TRUE(event.ok()) << event.status();
    EXPECT_EQ(std::get<Paid>(*event), Paid{500});
  }
}

TEST(UpcastersTest, WhatFailsOrGoesInACircleIsAnErrorOfTheEvent) {
  Upcasters past;
  past.Rename("a", "b").Rename("b", "a").Add("c", "paid",
                                             Json([](nlohmann::json& data) { data.at("euros"); }));
  const auto circle = Order::Events::Decode(Make("a", "{}"), "version 3", past);
  EXPECT_THAT(circle.status().message(), HasSubstr("go in a circle"));
  const auto thrown = Order::Events::Decode(Make("c", "{}"), "version 3", past);
  EXPECT_EQ(thrown.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(thrown.status().message(),
              HasSubstr("version 3: the upcaster from 'c' to 'paid' failed"));
}

}  // namespace
}  // namespace sourcing
