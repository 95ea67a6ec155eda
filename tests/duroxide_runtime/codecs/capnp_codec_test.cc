#include "tandem/duroxide_runtime/capnp_codec.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tandem/tests/duroxide_runtime/codecs/codec_test.capnp.h"
#include "tandem/tests/duroxide_runtime/codecs/pass_through.h"
#include "tandem/tests/support/random_seed.h"

namespace capnp_shop {

namespace schema = duroxide::schema;
using duroxide::Status;

struct Line {
  bool operator==(const Line&) const = default;
  std::string item;
  std::int64_t cents = 0;
};

struct Order {
  Order() = default;
  Order(std::string who, std::vector<Line> what)
      : customer(std::move(who)), lines(std::move(what)) {}
  bool operator==(const Order&) const = default;

  std::string customer;
  std::vector<Line> lines;
};

template <typename Record>
void Write(const Order& order, Record record) {
  record.setCustomer(order.customer);
  auto lines = record.initLines(static_cast<unsigned>(order.lines.size()));
  for (unsigned i = 0; i < order.lines.size(); ++i) {
    lines[i].setItem(order.lines[i].item);
    lines[i].setCents(order.lines[i].cents);
  }
}
void ToCapnp(const Order& order, schema::Order::Builder record) { Write(order, record); }

// Refuses in all ways there are.
Status FromCapnp(schema::Order::Reader record, Order& order) {
  order.customer = record.getCustomer().cStr();
  if (order.customer == "nobody") return Status::NotFound("there is no such customer");
  for (const auto line : record.getLines()) {
    if (line.getCents() < 0) throw std::out_of_range("a price below zero");
    order.lines.push_back({line.getItem().cStr(), line.getCents()});
  }
  return Status::Ok();
}

struct LaterOrder : Order {
  using Order::Order;
  bool express = false;
  std::string note;
};
void ToCapnp(const LaterOrder& order, schema::LaterOrder::Builder record) {
  Write(order, record);
  record.setExpress(order.express);
  if (!order.note.empty()) record.setNote(order.note);
}
void FromCapnp(schema::LaterOrder::Reader record, LaterOrder& order) {
  order.customer = record.getCustomer().cStr();
  order.express = record.getExpress();
  order.note = record.getNote().cStr();
}

struct Tree {
  std::vector<Tree> children;
};
void ToCapnp(const Tree& tree, schema::Tree::Builder record) {
  auto children = record.initChildren(static_cast<unsigned>(tree.children.size()));
  for (unsigned i = 0; i < tree.children.size(); ++i) ToCapnp(tree.children[i], children[i]);
}
void FromCapnp(schema::Tree::Reader record, Tree& tree) {
  for (const auto child : record.getChildren()) FromCapnp(child, tree.children.emplace_back());
}

struct Bag {
  std::size_t bytes = 0;
  std::size_t marks = 0;
};
void ToCapnp(const Bag&, schema::Bag::Builder) {}
void FromCapnp(schema::Bag::Reader record, Bag& bag) {
  for (const auto item : record.getItems()) bag.bytes += item.size();
  bag.marks = record.getMarks().size();
}

}  // namespace capnp_shop

template <>
struct duroxide::Codec<capnp_shop::Order>
    : duroxide::CapnpCodec<capnp_shop::Order, duroxide::schema::Order> {};
template <>
struct duroxide::Codec<capnp_shop::LaterOrder>
    : duroxide::CapnpCodec<capnp_shop::LaterOrder, duroxide::schema::LaterOrder> {};
template <>
struct duroxide::Codec<capnp_shop::Tree>
    : duroxide::CapnpCodec<capnp_shop::Tree, duroxide::schema::Tree> {};
template <>
struct duroxide::Codec<capnp_shop::Bag>
    : duroxide::CapnpCodec<capnp_shop::Bag, duroxide::schema::Bag> {};

namespace duroxide {
namespace {

using capnp_shop::LaterOrder;
using capnp_shop::Line;
using capnp_shop::Order;
using tandem::StatusCode;

const Order kOrder("ann", {{"lamp", 3000}, {"", 0}, {"\xff", 1}});

template <typename T>
Status Refusal(const std::string& bytes) {
  return Codec<T>::Decode(bytes).status();
}

// A message of one segment, written by hand.
std::string Message(const std::vector<std::uint64_t>& words, std::size_t more_words = 0) {
  const std::uint64_t table = std::uint64_t{words.size() + more_words} << 32;
  std::string bytes((words.size() + more_words + 1) * 8, '\0');
  std::memcpy(bytes.data(), &table, 8);
  std::memcpy(bytes.data() + 8, words.data(), words.size() * 8);
  return bytes;
}
std::uint64_t StructPointer(std::uint64_t pointers) { return pointers << 48; }
std::uint64_t ListPointer(std::int64_t offset, std::uint64_t size_code, std::uint64_t count) {
  return static_cast<std::uint32_t>(offset * 4 + 1) | (size_code << 32) | (count << 35);
}

TEST(CapnpCodecTest, ValuesComeBackAsTheyWere) {
  for (const Order& order : {Order(), kOrder, Order("bob", {{}, {}})}) {
    const Result<Order> decoded = Codec<Order>::Decode(Codec<Order>::Encode(order));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(*decoded, order);
  }
}

TEST(CapnpCodecTest, ValuesPassThroughAnOrchestration) {
  const Result<Order> passed = PassThroughSimulation(tandem::testing::TestSeed(), kOrder);
  ASSERT_TRUE(passed.ok()) << passed.status();
  EXPECT_EQ(*passed, kOrder);
  const std::vector<Order> orders{kOrder, Order()};
  const auto several = PassThroughSimulation(tandem::testing::TestSeed(), orders);
  ASSERT_TRUE(several.ok()) << several.status();
  EXPECT_EQ(*several, orders);
}

TEST(CapnpCodecTest, EqualValuesAreEqualBytesHoweverTheyWereMade) {
  Order again("nobody at all", std::vector<Line>(100));
  again = kOrder;
  EXPECT_EQ(Codec<Order>::Encode(again), Codec<Order>::Encode(kOrder));
  const Order large(std::string(100'000, 'x'), std::vector<Line>(1000));
  EXPECT_EQ(Codec<Order>::Encode(large), Codec<Order>::Encode(large));
  EXPECT_EQ(Codec<Order>::Encode(large).substr(0, 4), std::string(4, '\0')) << "one segment";
}

TEST(CapnpCodecTest, FieldsThatAreAddedLeaveTheBytesAsTheyWereWhereTheyHaveTheirDefaults) {
  LaterOrder later(kOrder.customer, kOrder.lines);
  EXPECT_EQ(Codec<LaterOrder>::Encode(later), Codec<Order>::Encode(kOrder));
  later.express = true;
  later.note = "ring twice";
  EXPECT_NE(Codec<LaterOrder>::Encode(later), Codec<Order>::Encode(kOrder));
  EXPECT_EQ(*Codec<Order>::Decode(Codec<LaterOrder>::Encode(later)), kOrder);
  const Result<LaterOrder> earlier = Codec<LaterOrder>::Decode(Codec<Order>::Encode(kOrder));
  ASSERT_TRUE(earlier.ok()) << earlier.status();
  EXPECT_FALSE(earlier->express);
  EXPECT_EQ(earlier->note, "");
}

TEST(CapnpCodecTest, WhatIsCutOffIsRefused) {
  const std::string bytes = Codec<Order>::Encode(kOrder);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const Status status = Refusal<Order>(bytes.substr(0, length));
    ASSERT_EQ(status.code(), StatusCode::kInvalidArgument) << length;
    EXPECT_EQ(status.message().find("Order: "), 0U) << status;
  }
}

TEST(CapnpCodecTest, OtherBytesAreRefused) {
  for (const char* bytes : {"", "x", "{\"customer\":\"ann\"}     ", "12345678"}) {
    EXPECT_EQ(Refusal<Order>(bytes).code(), StatusCode::kInvalidArgument) << bytes;
  }
  // A list where the schema has a struct, and a struct where it has a text.
  EXPECT_FALSE(Codec<Order>::Decode(Message({ListPointer(0, 2, 8), 0})).ok());
  EXPECT_FALSE(Codec<Order>::Decode(Message({StructPointer(1), StructPointer(1), 0})).ok());
}

TEST(CapnpCodecTest, WhatFromCapnpRefusesIsRefused) {
  const Status returned = Refusal<Order>(Codec<Order>::Encode(Order("nobody", {})));
  EXPECT_EQ(returned.ToString(), "NotFound: there is no such customer");
  const Status thrown = Refusal<Order>(Codec<Order>::Encode(Order("ann", {{"lamp", -1}})));
  EXPECT_EQ(thrown.ToString(), "InvalidArgument: Order: a price below zero");
}

TEST(CapnpCodecTest, DepthIsLimited) {
  capnp_shop::Tree tree;
  for (int i = 0; i < 25; ++i) tree.children = std::vector<capnp_shop::Tree>(1, tree);
  EXPECT_TRUE(Codec<capnp_shop::Tree>::Decode(Codec<capnp_shop::Tree>::Encode(tree)).ok());
  // A tree whose only child is itself.
  const std::string endless =
      Message({StructPointer(1), ListPointer(0, 7, 1), (std::uint64_t{1} << 2) | StructPointer(1),
               ListPointer(-2, 7, 1)});
  const Status status = Refusal<capnp_shop::Tree>(endless);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("nested"), std::string::npos) << status;
}

TEST(CapnpCodecTest, AmplificationIsLimited) {
  // Many items that are all the same bytes.
  constexpr std::size_t kItems = 1000;
  constexpr std::size_t kItemBytes = 1 << 20;
  std::vector<std::uint64_t> words{StructPointer(1), ListPointer(0, 6, kItems)};
  for (std::size_t i = 0; i < kItems; ++i) {
    words.push_back(ListPointer(static_cast<std::int64_t>(kItems - i - 1), 2, kItemBytes));
  }
  EXPECT_EQ(Refusal<capnp_shop::Bag>(Message(words, kItemBytes / 8)).code(),
            StatusCode::kInvalidArgument);
  // A list of half a billion elements without content.
  const std::string voids = Message({StructPointer(2), 0, ListPointer(0, 0, (1U << 29) - 1)});
  EXPECT_EQ(Refusal<capnp_shop::Bag>(voids).code(), StatusCode::kInvalidArgument);
}

TEST(CapnpCodecTest, DamagedBytesNeverDoHarm) {
  std::mt19937_64 random(tandem::testing::TestSeed());
  const std::string bytes = Codec<Order>::Encode(kOrder);
  int refused = 0;
  for (int i = 0; i < 5000; ++i) {
    std::string damaged = bytes;
    for (int flips = 0; flips < 3; ++flips) {
      char& byte = damaged[random() % damaged.size()];
      byte = static_cast<char>(byte ^ (1 << (random() % 8)));
    }
    refused += Codec<Order>::Decode(damaged).ok() ? 0 : 1;
  }
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace duroxide
