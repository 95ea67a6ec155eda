// Many consumers at once, and more messages than a window holds.

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

}  // namespace
}  // namespace tandem
