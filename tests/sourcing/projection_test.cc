#include "tandem/sourcing/projection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "tandem/sourcing/repository.h"
#include "tandem/tests/sourcing/order.h"
#include "tandem/tests/sourcing/shaky_provider.h"
#include "tandem/tests/sourcing/sourcing_fixture.h"

namespace sourcing {
namespace {

using namespace std::chrono_literals;
using shop::Order;
using shop::Paid;
using shop::Placed;
using ::testing::HasSubstr;

using Spent = Projection<Order::Events>;

// A second processing of an event would be seen in the sum.
void Count(const Placed& event, const Recorded&, View& view) {
  view.Put(event.customer, view.GetOr<int>(event.customer, 0) + event.cents);
}

class ProjectionTest : public testing::SourcingTest {
 protected:
  Position Place(const std::string& customer, int cents, const std::string& category = "order") {
    Repository<Order> orders(store(), category);
    const ChangeResult placed = orders.Change("1", [&](const Order&, Changes& change) {
      change.Append(Placed{customer, "lamp", cents});
      return Status::Ok();
    });
    EXPECT_TRUE(placed.ok()) << placed.status();
    return placed.ok() ? placed->position : 0;
  }
  std::unique_ptr<Spent> Start(ProjectionOptions options = {}) {
    return std::make_unique<Spent>(store(), "spent", Category("order"), std::move(options),
                                   On<Placed>(Count));
  }
  static int Of(Spent& spent, const std::string& customer) {
    const auto sum = spent.Get<int>(customer);
    EXPECT_TRUE(sum.ok()) << sum.status();
    return sum.ok() ? sum->value_or(-1) : -2;
  }
};

TEST_P(ProjectionTest, AWriterReadsItsOwnWrites) {
  const auto spent = Start();
  EXPECT_EQ(Of(*spent, "ann"), -1);
  for (int i = 1; i <= 3; ++i) {
    const Status seen = spent->WaitFor(Place("ann", 5), 1h);
    ASSERT_TRUE(seen.ok()) << seen;
    EXPECT_EQ(Of(*spent, "ann"), 5 * i);
  }
  Repository<Order> orders(store(), "order");
  EXPECT_TRUE(spent->WaitFor(orders.LastPosition("1"), 1h).ok());
  EXPECT_EQ(spent->Lag().value(), 0U);
}

TEST_P(ProjectionTest, OtherCategoriesAreNoConcern) {
  const auto spent = Start();
  const Position position = Place("ann", 5, "offer");
  ASSERT_TRUE(store().Append("noise", "no envelope").ok());
  ASSERT_TRUE(spent->WaitFor(position + 1, 1h).ok());
  EXPECT_EQ(Of(*spent, "ann"), -1);
}

TEST_P(ProjectionTest, EachEventCountsOnceOverRestarts) {
  for (int i = 1; i <= 5; ++i) {
    const Position position = Place("ann", 1);
    {
      const auto interrupted = Start();  // ends wherever it is
    }
    Reopen();
    const auto spent = Start(ProjectionOptions().EventsPerBatch(1));
    ASSERT_TRUE(spent->WaitFor(position, 1h).ok());
    EXPECT_EQ(Of(*spent, "ann"), i);
  }
}

TEST_P(ProjectionTest, EachEventCountsOnceWhereBatchesFailOrTheirAnswerIsLost) {
  const Position position = Place("ann", 1);
  testing::ShakyProvider shaky(store());
  std::atomic<int> calls = 0;
  std::latch third(1);
  shaky.batch = [&](bool) {
    const int call = ++calls;  // 1: before the first batch; 2, 3: before and after the second
    if (call == 3) third.count_down();
    return call == 1 || call == 3 ? Status::Unavailable("a cable is loose") : Status::Ok();
  };
  Spent spent(shaky, "spent", Category("order"), On<Placed>(Count));
  shaky.time.AwaitWaiters(1);
  EXPECT_THAT(spent.status().message(), HasSubstr("a cable is loose"));
  shaky.time.Advance(1s);
  third.wait();
  spent.Resume();  // no need to wait for the time
  ASSERT_TRUE(spent.WaitFor(position, 1h).ok());
  EXPECT_EQ(Of(spent, "ann"), 1);
  EXPECT_TRUE(spent.status().ok());
}

TEST_P(ProjectionTest, TwoOfOneNameCountEachEventOnce) {
  const auto one = Start(ProjectionOptions().EventsPerBatch(2));
  const auto other = Start(ProjectionOptions().EventsPerBatch(2));
  Position position = 0;
  for (int i = 0; i < 20; ++i) position = Place("ann", 1);
  ASSERT_TRUE(one->WaitFor(position, 1h).ok());
  ASSERT_TRUE(other->WaitFor(position, 1h).ok());
  EXPECT_EQ(Of(*one, "ann"), 20);
}

TEST_P(ProjectionTest, AHandlerThatThrowsStopsItBeforeTheEvent) {
  std::atomic<bool> broken = true;
  const Position first = Place("ann", 1);
  const Position second = Place("bob", 2);
  Spent spent(store(), "spent", Category("order"),
              On<Placed>([&broken](const Placed& event, const Recorded& where, View& view) {
                view.Put("half", 1);
                if (event.customer == "bob" && broken) throw std::runtime_error("bob is unknown");
                view.Erase("half");
                Count(event, where, view);
              }));
  const Status stopped = spent.WaitFor(second, 1h);
  EXPECT_EQ(stopped.code(), StatusCode::kInternal);
  EXPECT_THAT(stopped.message(),
              HasSubstr("the projection 'spent' stopped before version 2 of "
                        "order/1: the handler of 'placed' threw bob is unknown"));
  EXPECT_EQ(spent.status().message(), stopped.message());
  EXPECT_TRUE(spent.WaitFor(first, 1h).ok()) << "what came before it counts";
  EXPECT_EQ(Of(spent, "ann"), 1);
  EXPECT_EQ(Of(spent, "half"), -1);
  EXPECT_EQ(spent.Lag().value(), 1U);

  broken = false;
  spent.Resume();
  ASSERT_TRUE(spent.WaitFor(second, 1h).ok());
  EXPECT_EQ(Of(spent, "bob"), 2);
}

TEST_P(ProjectionTest, AHandlerMayFailByStatusAndByAnEntryOfAnotherType) {
  const Position position = Place("ann", 1);
  Spent failing(store(), "failing", Category("order"),
                On<Placed>([](const Placed&, const Recorded&, View&) {
                  return Status::NotFound("no such customer");
                }));
  EXPECT_EQ(failing.WaitFor(position, 1h).code(), StatusCode::kNotFound);
  Spent confused(store(), "confused", Category("order"),
                 On<Placed>([](const Placed&, const Recorded&, View& view) {
                   view.Put("ann", "a text");
                   view.Put("ann", view.GetOr<int>("ann", 0) + 1);
                 }));
  EXPECT_THAT(confused.WaitFor(position, 1h).message(), HasSubstr("the entry 'ann'"));
}

TEST_P(ProjectionTest, ATypeWithoutUpcasterStopsItAndIsNotSkipped) {
  Envelope envelope;
  envelope.type = "ordered";
  envelope.data = R"({"customer":"ann","item":"lamp","cents":5})";
  const auto appended = store().Append("order/1", Encode(envelope));
  ASSERT_TRUE(appended.ok());
  {
    const auto spent = Start();
    const Status stopped = spent->WaitFor(appended->position, 1h);
    EXPECT_EQ(stopped.code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(stopped.message(), HasSubstr("is of the type 'ordered'"));
  }
  const auto spent = Start(ProjectionOptions().Upcast(Upcasters().Rename("ordered", "placed")));
  ASSERT_TRUE(spent->WaitFor(appended->position, 1h).ok());
  EXPECT_EQ(Of(*spent, "ann"), 5);
}

TEST_P(ProjectionTest, ChangedCodeIsReportedAndRebuilt) {
  Position position = Place("ann", 5);
  ASSERT_TRUE(Start()->WaitFor(position, 1h).ok());
  const auto two = Start(ProjectionOptions().Version("2"));
  const Status changed = two->WaitFor(position + 1, 1h);
  EXPECT_EQ(changed.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(
      changed.message(),
      HasSubstr("the view of the projection 'spent' was made by version 1 of order: placed; "
                "its code is now version 2 of order: placed: call Rebuild()"));
  EXPECT_EQ(Of(*two, "ann"), 5) << "the old view is still there";
  ASSERT_TRUE(two->Rebuild().ok());
  position = Place("bob", 7);
  ASSERT_TRUE(two->WaitFor(position, 1h).ok());
  EXPECT_EQ(Of(*two, "ann"), 5) << "once, not twice";
  EXPECT_EQ(Of(*two, "bob"), 7);
  EXPECT_THAT(Start()->WaitFor(position + 1, 1h).message(), HasSubstr("made by version 2"));

  Spent more(store(), "spent", Category("order"), ProjectionOptions().Version("2"),
             On<Placed>(Count), On<Paid>([](const Paid&, const Recorded&, View&) {}));
  EXPECT_THAT(more.WaitFor(position, 1h).message(),
              HasSubstr("its code is now version 2 of order: paid placed"));
}

TEST_P(ProjectionTest, ARebuildWhileItFollowsLeavesNoOldEntry) {
  std::atomic<bool> by_customer = true;
  Spent spent(store(), "spent", Category("order"),
              On<Placed>([&by_customer](const Placed& event, const Recorded& where, View& view) {
                if (by_customer) return Count(event, where, view);
                view.Put(event.item, event.cents);
              }));
  const Position position = Place("ann", 5);
  ASSERT_TRUE(spent.WaitFor(position, 1h).ok());
  by_customer = false;
  ASSERT_TRUE(spent.Rebuild().ok());
  ASSERT_TRUE(spent.WaitFor(position, 1h).ok());
  EXPECT_EQ(Of(spent, "ann"), -1);
  EXPECT_EQ(Of(spent, "lamp"), 5);
  tandem::MetadataOptions options;
  options.prefix = "view/";
  const auto entries = store().ReadMetadata("projection/spent", options);
  ASSERT_TRUE(entries.ok());
  EXPECT_EQ(entries->entries.size(), 1U);
}

TEST_P(ProjectionTest, ADeletedStreamOfAProjectionIsReported) {
  testing::ShakyProvider shaky(store());
  tandem::Batch forget;
  forget.UpdateMetadata("projection/spent", {{"any", "thing"}});
  ASSERT_TRUE(store().AtomicBatch(std::move(forget)).ok());
  forget = tandem::Batch();
  forget.DeleteEntity("projection/spent");
  ASSERT_TRUE(store().AtomicBatch(std::move(forget)).ok());
  Place("ann", 1);
  Spent spent(shaky, "spent", Category("order"), On<Placed>(Count));
  shaky.time.AwaitWaiters(1);
  EXPECT_EQ(spent.status().code(), StatusCode::kConflict);
}

TEST_P(ProjectionTest, AWaitThatIsTooLongIsReported) {
  const auto spent = Start();
  const Status late = spent->WaitFor(1000, 0s);
  EXPECT_EQ(late.code(), StatusCode::kDeadlineExceeded);
  spent->Stop();
  EXPECT_EQ(spent->WaitFor(1000, 1h).code(), StatusCode::kCancelled);
}

TANDEM_SOURCING_TEST_SUITE(ProjectionTest);

}  // namespace
}  // namespace sourcing
