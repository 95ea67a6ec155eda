// Many consumers at once: leases exclude each other.

#include <array>
#include <atomic>
#include <map>
#include <string>
#include <thread>

#include "tandem/base/guarded.h"
#include "tandem/tests/messagequeue/queue_fixture.h"

namespace tandem {
namespace {

using std::chrono::hours;

class ConcurrentConsumersTest : public testing::QueueTest {
 protected:
  static constexpr int kConsumers = 6;
};

TEST_F(ConcurrentConsumersTest, EachMessageIsDeliveredOnceWhileLeasesHold) {
  constexpr int kMessages = 1500;  // more than the window holds
  std::atomic<bool> all_put = false;
  Guarded<std::map<MessageId, int>> deliveries_of;
  std::vector<std::jthread> threads;
  for (int consumer = 0; consumer < kConsumers; ++consumer) {
    threads.emplace_back([&, consumer] {
      while (true) {
        const bool last_look = all_put;
        const auto deliveries = store_->Dequeue(
            "work", {.lease = hours(1), .max_messages = static_cast<std::size_t>(1 + consumer)});
        ASSERT_TRUE(deliveries.ok()) << deliveries.status();
        if (deliveries->empty() && last_look) return;
        for (const Delivery& delivery : *deliveries) {
          EXPECT_EQ(delivery.delivery_count, 1U);
          ++(*deliveries_of.Lock())[delivery.id];
          if (consumer % 2 == 0) {
            ASSERT_TRUE(
                store_->AtomicBatch({DeleteMessages{delivery.lock_token}}, {Durability::kBuffered})
                    .ok());
          }
        }
      }
    });
  }
  for (int i = 0; i < kMessages; i += 50) {
    ASSERT_TRUE(store_
                    ->AtomicBatch(Batch(std::vector<Operation>(50, Enqueue{"work", "x", {}})),
                                  {i % 3 == 0 ? Durability::kSync : Durability::kBuffered})
                    .ok());
  }
  all_put = true;
  threads.clear();  // joins
  const auto counts = deliveries_of.Lock();
  EXPECT_EQ(counts->size(), static_cast<std::size_t>(kMessages));
  for (const auto& [id, count] : *counts) EXPECT_EQ(count, 1);
}

TEST_F(ConcurrentConsumersTest, AGroupHasOneHolderAndKeepsItsOrder) {
  constexpr std::size_t kGroups = 4;
  constexpr int kPerGroup = 80;
  std::array<std::atomic<bool>, kGroups> held = {};
  std::array<std::atomic<int>, kGroups> next = {};
  std::atomic<std::size_t> done_groups = 0;
  std::stop_source stop;
  std::vector<std::jthread> threads;
  for (int consumer = 0; consumer < kConsumers; ++consumer) {
    threads.emplace_back([&, consumer] {
      for (unsigned turn = 0; done_groups < kGroups; ++turn) {
        const auto members =
            store_->Dequeue("work", {.lease = hours(1),
                                     .max_messages = static_cast<std::size_t>(1 + consumer),
                                     .wait = hours(1),
                                     .stop = stop.get_token()});
        ASSERT_TRUE(members.ok()) << members.status();
        if (members->empty()) continue;
        const LockToken& token = members->front().lock_token;
        const auto group = static_cast<std::size_t>(members->front().group[0] - 'a');
        ASSERT_FALSE(held[group].exchange(true)) << "two holders";
        int expected = next[group];
        for (const Delivery& member : *members) {
          ASSERT_EQ(member.lock_token, token);
          ASSERT_EQ(member.payload, std::to_string(expected++));
        }
        const bool give_up = turn % 5 == 4;
        if (!give_up) next[group] = expected;
        held[group] = false;  // before the lease ends
        const Status status = give_up ? store_->Abandon(token) : store_->Ack(token);
        ASSERT_TRUE(status.ok()) << status;
        if (!give_up && expected == kPerGroup && ++done_groups == kGroups) stop.request_stop();
      }
    });
  }
  for (int i = 0; i < kPerGroup; ++i) {
    for (std::size_t group = 0; group < kGroups; ++group) {
      Put("work", std::to_string(i),
          {.group = std::string(1, static_cast<char>('a' + group)),
           .durability = i % 2 == 0 ? Durability::kSync : Durability::kBuffered});
    }
  }
  threads.clear();  // joins
  for (const auto& count : next) EXPECT_EQ(count, kPerGroup);
  EXPECT_TRUE(Take("work").empty());
}

// Leases run out while their holders ack: whoever gets an Ok is the only one, for good.
TEST_F(ConcurrentConsumersTest, AnAckAndAnExpiryNeverBothWin) {
  constexpr std::size_t kMessages = 200;
  std::array<std::atomic<int>, kMessages> acks = {};
  std::atomic<std::size_t> acked = 0;
  std::atomic<int> lost = 0;
  for (std::size_t i = 0; i < kMessages; ++i) {
    Put("work", std::to_string(i),
        {.group = i % 3 == 0 ? std::to_string(i) : "", .durability = Durability::kBuffered});
  }
  std::vector<std::jthread> threads;
  threads.emplace_back([&] {
    while (acked < kMessages) {
      clock_.Advance(std::chrono::milliseconds(1));
      std::this_thread::yield();
    }
  });
  for (int consumer = 0; consumer < kConsumers; ++consumer) {
    threads.emplace_back([&] {
      while (acked < kMessages) {
        const auto deliveries =
            store_->Dequeue("work", {.lease = std::chrono::milliseconds(20), .max_messages = 3});
        ASSERT_TRUE(deliveries.ok()) << deliveries.status();
        for (const Delivery& delivery : *deliveries) {
          const auto index = static_cast<std::size_t>(std::stoi(delivery.payload));
          const auto result = store_->AtomicBatch(
              {DeleteMessages{delivery.lock_token}, AppendEvents{{"done", index}, {"x"}}},
              {Durability::kBuffered});
          if (result.ok()) {
            ASSERT_EQ(acks[index].fetch_add(1), 0) << "acked twice";
            ++acked;
          } else {
            ASSERT_EQ(result.status().code(), StatusCode::kLeaseLost) << result.status();
            ++lost;
          }
        }
      }
    });
  }
  threads.clear();  // joins
  for (std::size_t i = 0; i < kMessages; ++i) {
    EXPECT_EQ(store_->Read({"done", i}, {})->head, 1U);
  }
  EXPECT_TRUE(Take("work").empty());
  RecordProperty("leases_lost", lost);
}

}  // namespace
}  // namespace tandem
