#include "tandem/sourcing/repository.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tandem/tests/sourcing/order.h"
#include "tandem/tests/sourcing/sourcing_fixture.h"

namespace sourcing {
namespace {

using shop::Cancelled;
using shop::Order;
using shop::Paid;
using shop::Placed;
using ::testing::HasSubstr;

// The fold of a later release: another state under the same category.
struct OrderTotals {
  using Events = Order::Events;
  int paid = 0;
  void Apply(const Placed&) {}
  void Apply(const Paid& event) { paid += event.cents; }
  void Apply(const Cancelled&) {}
};
TANDEM_JSON(OrderTotals, paid)

class RepositoryTest : public testing::SourcingTest {
 protected:
  static Status Place(Repository<Order>& orders, const std::string& id, int cents = 1000) {
    return orders.Change(id, [cents](const Order&, Changes& change) {
      change.Append(Placed{"ann", "lamp", cents});
      return Status::Ok();
    });
  }
  static ChangeResult Pay(Repository<Order>& orders, const std::string& id, int cents,
                          const std::string& command_id = "") {
    return orders.Change(id, command_id, [&](const Order& order, Changes& change) {
      if (cents > order.open) return Status::InvalidArgument(id + " owes less");
      change.Append(Paid{cents});
      change.Enqueue("mail", "we got " + std::to_string(cents));
      return Status::Ok();
    });
  }
  std::size_t Mails() {
    tandem::DequeueOptions options;
    options.max_messages = 1000;
    const auto mails = store().Dequeue("mail", options);
    return mails.ok() ? mails->size() : 0;
  }
};

TEST_P(RepositoryTest, AChangeCommitsItsEventsWithItsMessages) {
  Repository<Order> orders(store(), "order");
  ASSERT_TRUE(Place(orders, "1").ok());
  const ChangeResult paid = Pay(orders, "1", 400);
  ASSERT_TRUE(paid.ok()) << paid.status();
  EXPECT_EQ(paid->version, 2U);
  EXPECT_EQ(orders.LastPosition("1").value(), paid->position);
  const auto loaded = orders.Load("1");
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->version, 2U);
  EXPECT_EQ(loaded->state.open, 600);
  EXPECT_EQ(Mails(), 1U);
}

TEST_P(RepositoryTest, ARefusalAnExceptionAndAForeignEventChangeNothing) {
  Repository<Order> orders(store(), "order");
  ASSERT_TRUE(Place(orders, "1").ok());
  EXPECT_EQ(Pay(orders, "1", 5000).status().message(), "1 owes less");
  EXPECT_THROW(static_cast<void>(orders.Change("1",
                                               [](const Order&, Changes& change) -> Status {
                                                 change.Append(Paid{1});
                                                 throw std::runtime_error("out of ink");
                                               })),
               std::runtime_error);
  const Status foreign = orders.Change("1", [](const Order&, Changes& change) {
    change.Append(shop::Shipped{});
    return Status::Ok();
  });
  EXPECT_THAT(foreign.message(), HasSubstr("'shipped' is no event of order/1"));
  const Status no_text = orders.Change("1", [](const Order&, Changes& change) {
    change.Append(Cancelled{"\xff"});
    return Status::Ok();
  });
  EXPECT_THAT(no_text.message(), HasSubstr("the event 'cancelled' can't be encoded"));
  EXPECT_EQ(orders.Load("1")->version, 1U);
}

TEST_P(RepositoryTest, ARepeatedCommandAnswersWhatTheFirstDid) {
  ChangeResult first = Status::Internal("not done");
  {
    Repository<Order> orders(store(), "order");
    ASSERT_TRUE(Place(orders, "1").ok());
    first = Pay(orders, "1", 1000, "request-77");
    ASSERT_TRUE(first.ok()) << first.status();
    EXPECT_FALSE(first->repeated);
    ASSERT_TRUE(Place(orders, "1", 700).ok());
  }
  Reopen();
  Repository<Order> orders(store(), "order");
  const ChangeResult again = Pay(orders, "1", 1000, "request-77");  // it owes less by now
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->repeated);
  EXPECT_EQ(again->first, first->first);
  EXPECT_EQ(again->version, first->version);
  EXPECT_EQ(again->position, first->position);
  EXPECT_EQ(orders.Load("1")->version, 3U);
  EXPECT_EQ(Mails(), 1U);
}

TEST_P(RepositoryTest, ACommandWithoutEventsIsKnownAgain) {
  Repository<Order> orders(store(), "order");
  int decided = 0;
  const auto remind = [&decided](const Order&, Changes& change) {
    ++decided;
    change.Enqueue("mail", "please pay");
    return Status::Ok();
  };
  ASSERT_TRUE(orders.Change("1", "remind", remind).ok());
  const ChangeResult again = orders.Change("1", "remind", remind);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->repeated);
  EXPECT_EQ(again->position, 0U);
  EXPECT_EQ(decided, 1);
  EXPECT_EQ(Mails(), 1U);
}

TEST_P(RepositoryTest, ARefusedCommandIsDecidedAgain) {
  Repository<Order> orders(store(), "order");
  EXPECT_FALSE(Pay(orders, "1", 10, "request-1").ok());
  ASSERT_TRUE(Place(orders, "1").ok());
  const ChangeResult now = Pay(orders, "1", 10, "request-1");
  ASSERT_TRUE(now.ok()) << now.status();
  EXPECT_FALSE(now->repeated);
}

TEST_P(RepositoryTest, OnlyTheLatestCommandsAreKept) {
  Repository<Order> orders(store(), "order", RepositoryOptions().RememberCommands(2));
  ASSERT_TRUE(Place(orders, "1").ok());
  for (const char* const id : {"a", "b", "c"}) ASSERT_TRUE(Pay(orders, "1", 1, id).ok());
  EXPECT_TRUE(Pay(orders, "1", 1, "b")->repeated);
  EXPECT_TRUE(Pay(orders, "1", 1, "c")->repeated);
  EXPECT_FALSE(Pay(orders, "1", 1, "a")->repeated);
  const auto metadata = store().ReadMetadata(orders.Stream("1"), {});
  ASSERT_TRUE(metadata.ok());
  EXPECT_EQ(metadata->entries.size(), 5U) << "two commands, their order, and the count";
}

TEST_P(RepositoryTest, WhoeverLosesTheRaceDecidesAgain) {
  Repository<Order> orders(store(), "order");
  ASSERT_TRUE(Place(orders, "1").ok());
  int decided = 0;
  const ChangeResult result = orders.Change("1", [&](const Order& order, Changes& change) {
    if (++decided == 1) {
      EXPECT_TRUE(Pay(orders, "1", 100).ok());
    }
    change.Append(Paid{order.open});
    return Status::Ok();
  });
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(decided, 2);
  EXPECT_EQ(orders.Load("1")->state.open, 0);
}

TEST_P(RepositoryTest, AConflictIsReportedAfterSoManyAttempts) {
  Repository<Order> orders(store(), "order", RepositoryOptions().Attempts(3));
  ASSERT_TRUE(Place(orders, "1").ok());
  int decided = 0;
  const Status status = orders.Change("1", [&](const Order&, Changes& change) {
    ++decided;
    EXPECT_TRUE(Pay(orders, "1", 1).ok());
    change.Append(Paid{1});
    return Status::Ok();
  });
  EXPECT_EQ(status.code(), StatusCode::kConflict);
  EXPECT_EQ(decided, 3);
}

TEST_P(RepositoryTest, RacingWritersLoseAndDoubleNothing) {
  constexpr int kWriters = 4;
  constexpr int kPayments = 12;
  constexpr std::size_t kAll = std::size_t{kPayments} * kWriters / 2;
  Repository<Order> orders(store(), "order",
                           RepositoryOptions().Attempts(100'000).SnapshotEvery(7));
  ASSERT_TRUE(Place(orders, "1").ok());
  std::latch start(kWriters);
  std::vector<std::jthread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      start.arrive_and_wait();
      for (int i = 0; i < kPayments; ++i) {
        // Two writers run each command.
        const std::string command = std::to_string(writer / 2) + "/" + std::to_string(i);
        EXPECT_TRUE(Pay(orders, "1", 1, command).ok());
      }
    });
  }
  writers.clear();
  const auto loaded = orders.Load("1");
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->state.payments, static_cast<int>(kAll));
  EXPECT_EQ(loaded->version, 1 + kAll);
  EXPECT_EQ(Mails(), kAll);
}

TEST_P(RepositoryTest, ASnapshotStandsForTheEventsBeforeIt) {
  Repository<Order> orders(store(), "order", RepositoryOptions().SnapshotEvery(3));
  ASSERT_TRUE(Place(orders, "1").ok());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Pay(orders, "1", 10).ok());
  ASSERT_TRUE(store().admin()->Truncate(orders.Stream("1"), 4).ok());
  const auto loaded = orders.Load("1");
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->version, 4U);
  EXPECT_EQ(loaded->state.open, 970);

  Repository<Order> without(store(), "order");
  EXPECT_THAT(without.Load("1").status().message(), HasSubstr("were truncated"));
}

TEST_P(RepositoryTest, ASnapshotOfAnotherTypeIsRefusedUntilItIsReplaced) {
  {
    Repository<Order> orders(store(), "order", RepositoryOptions().SnapshotEvery(2));
    ASSERT_TRUE(Place(orders, "1").ok());
    ASSERT_TRUE(Pay(orders, "1", 10).ok());
  }
  {
    Repository<OrderTotals> totals(store(), "order", RepositoryOptions().SnapshotEvery(2));
    const auto refused = totals.Load("1");
    EXPECT_EQ(refused.status().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(refused.status().message(),
                HasSubstr("it is of the type order(open,payments,cancelled), the state is "
                          "order(paid); RepositoryOptions::ReplaceSnapshots()"));
  }
  Repository<OrderTotals> totals(store(), "order",
                                 RepositoryOptions().ReplaceSnapshots().SnapshotEvery(2));
  EXPECT_EQ(totals.Load("1")->state.paid, 10);
  const Status paid = totals.Change("1", [](const OrderTotals&, Changes& change) {
    change.Append(Paid{5});
    return Status::Ok();
  });
  ASSERT_TRUE(paid.ok()) << paid;
  Repository<OrderTotals> after(store(), "order", RepositoryOptions().SnapshotEvery(2));
  EXPECT_EQ(after.Load("1")->state.paid, 15);
}

TEST_P(RepositoryTest, EventsOfThePastAreReadThroughUpcasters) {
  Envelope old;
  old.type = "payed";
  old.data = R"({"euros":3})";
  ASSERT_TRUE(store().Append("order/1", Encode(old)).ok());
  Repository<Order> blind(store(), "order");
  EXPECT_THAT(blind.Load("1").status().message(),
              HasSubstr("version 1 of order/1 is of the type 'payed'"));
  Repository<Order> orders(
      store(), "order",
      RepositoryOptions().Upcast(Upcasters().Add("payed", "paid", Json([](nlohmann::json& data) {
                                                   data["cents"] = 100 * data["euros"].get<int>();
                                                 }))));
  EXPECT_EQ(orders.Load("1")->state.open, -300);
}

TEST_P(RepositoryTest, AnEnvelopeSaysWhatItsEventFollowsFrom) {
  Repository<Order> orders(store(), "order");
  const Status placed = orders.Change("1", "request-1", [](const Order&, Changes& change) {
    change.Correlate("visit-9");
    change.Header("user", "ann");
    change.Append(Placed{"ann", "lamp", 5});
    return Status::Ok();
  });
  ASSERT_TRUE(placed.ok()) << placed;
  const auto page = store().Read(orders.Stream("1"), {});
  ASSERT_TRUE(page.ok());
  const auto envelope = DecodeEnvelope(page->events.at(0).payload, "it");
  ASSERT_TRUE(envelope.ok()) << envelope.status();
  EXPECT_EQ(envelope->id, "order/1@1");
  EXPECT_EQ(envelope->causation, "request-1");
  EXPECT_EQ(envelope->correlation, "visit-9");
  EXPECT_EQ(envelope->headers.at("user"), "ann");
  EXPECT_EQ(envelope->time, clock_.Now());
}

TEST_P(RepositoryTest, ADeletedAggregateIsNotFound) {
  Repository<Order> orders(store(), "order");
  ASSERT_TRUE(Pay(orders, "1", 0, "request-1").ok());
  tandem::Batch forget;
  forget.DeleteEntity(orders.Stream("1").entity);
  ASSERT_TRUE(store().AtomicBatch(std::move(forget)).ok());
  EXPECT_EQ(orders.Load("1").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(Pay(orders, "1", 0, "request-1").status().code(), StatusCode::kNotFound);
}

TANDEM_SOURCING_TEST_SUITE(RepositoryTest);

}  // namespace
}  // namespace sourcing
