// An application and a runtime in one store: their names never meet, and what an application puts
// into the runtime's queues by mistake stops nobody.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tandem/tests/duroxide_runtime/runtime_fixture.h"
#include "tandem/tests/duroxide_runtime/samples.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT
using std::chrono::seconds;
using tandem::StatusCode;

class SharingTest : public RuntimeFixture {
 protected:
  void Put(std::string_view queue, std::string payload, std::string group = {}) {
    tandem::EnqueueOptions options;
    options.group = std::move(group);
    ASSERT_TRUE(provider.Enqueue(std::string(queue), std::move(payload), options).ok());
  }
  std::vector<std::string> AllIn(const std::string& queue) {
    tandem::DequeueOptions options;
    options.max_messages = 100;
    std::vector<std::string> payloads;
    for (const tandem::Delivery& delivery : provider.Dequeue(queue, options).value()) {
      EXPECT_EQ(delivery.delivery_count, 1u) << "nobody else has taken it";
      payloads.push_back(delivery.payload);
    }
    return payloads;
  }
  void ExpectOthersGoOn(const std::string& instance) {
    ASSERT_TRUE(client.Start(kOnce, instance, "x").ok());
    EXPECT_EQ(client.Wait(kOnce, instance, kLong).value(), "x");
  }
};
INSTANTIATE_TEST_SUITE_P(, SharingTest, ::testing::ValuesIn(ProviderKinds()), KindName);

// Among the names are those that the runtime used to have, and those that it would have without
// its prefix.
TEST_P(SharingTest, NamesOfAnApplicationNeverMeetThoseOfTheRuntime) {
  const std::vector<std::string> names{
      "order-7", "index", "i/order-7",    "turns",  "work",
      "dx",      "i",     "orchestrator", "worker", "duroxide:index"};
  for (const std::string& name : names) {
    ASSERT_TRUE(provider.EventStore::Append({name, 0}, {"zero"}).ok());
    ASSERT_TRUE(provider.EventStore::Append({name, 1}, {"one"}).ok());
    Put(name, "mine");
  }
  const auto runtime = StartRuntime(Working());
  for (const std::string& name : names) ExpectOthersGoOn(name);
  EXPECT_EQ(runtime->Stats().messages_dropped, 0u);
  EXPECT_EQ(runtime->Stats().parked, 0u);
  for (const std::string& name : names) EXPECT_TRUE(client.admin().Delete(name).ok()) << name;
  for (const std::string& name : names) {
    EXPECT_EQ(provider.Read({name, 0}, {})->events.at(0).payload, "zero") << name;
    EXPECT_EQ(provider.Read({name, 1}, {})->events.at(0).payload, "one") << name;
    EXPECT_EQ(AllIn(name), std::vector<std::string>{"mine"}) << name;
  }
  EXPECT_TRUE(client.admin().ListInstances({})->instances.empty());
}

TEST_P(SharingTest, ForeignMessagesInTheRuntimesQueuesWaitAndStopNobody) {
  const std::string activity =
      EncodeWorkItem(internal::ActivityItem{{"nobody", 1, 2}, "unknown", "", "", "once", {}});
  Put(internal::kTurnQueue, "garbage!", "nobody");
  Put(internal::kTurnQueue, activity, "somebody");
  Put(internal::kTurnQueue, "garbage!");
  Put(internal::kWorkQueue, "garbage!", "a group");
  Put(internal::kWorkQueue, EncodeWorkItem(internal::GoOnItem{}));
  const auto runtime = StartRuntime(Working());
  log.Await("dropped a message without an instance");
  log.Await("no such instance was ever started");  // nor does the runtime run activities of turns
  std::size_t tried = 0;
  for (int round = 0; round < 10; ++round) {
    ++tried;
    log.Await("error nobody: message", tried);
    log.Await("an activity can't be read", 2 * tried);
    ExpectOthersGoOn(Numbered("i", round));
    EXPECT_EQ(log.Count("error nobody: message"), tried) << "not tried at full speed";
    EXPECT_EQ(log.Count("an activity can't be read"), 2 * tried) << "not tried at full speed";
    clock.Advance(seconds(60));
  }
  EXPECT_EQ(client.GetStatus("nobody").status().code(), StatusCode::kNotFound);
  EXPECT_TRUE(client.admin().ListInstances({})->instances.size() == 10);
}

// Of an instance that never was, and with code that nobody has.
TEST_P(SharingTest, ForeignActivityMakesNoInstance) {
  Put(internal::kWorkQueue,
      EncodeWorkItem(internal::ActivityItem{{"nobody", 1, 2}, "unknown", "", "", "once", {}}));
  const auto runtime = StartRuntime(Working());
  AwaitUnregistered("activity 'unknown' is not registered");
  EXPECT_EQ(client.GetStatus("nobody").status().code(), StatusCode::kNotFound);
  ExpectOthersGoOn("nobody");
}

}  // namespace
}  // namespace duroxide
