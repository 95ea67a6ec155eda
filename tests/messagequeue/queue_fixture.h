#pragma once

// A store and the short forms that the message queue's tests read best with.

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tandem/tests/support/store_fixture.h"

namespace tandem::testing {

class QueueTest : public StoreTest {
 protected:
  using Texts = std::vector<std::string>;

  MessageId Put(std::string queue, std::string payload, const EnqueueOptions& options = {}) {
    const auto result = store_->Enqueue(std::move(queue), std::move(payload), options);
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? result->id : 0;
  }

  std::vector<Delivery> Take(const std::string& queue, const DequeueOptions& options = {}) {
    return TakeFrom({queue}, options);
  }
  std::vector<Delivery> TakeFrom(const std::vector<std::string>& queues,
                                 const DequeueOptions& options = {}) {
    auto deliveries = store_->Dequeue(queues, options);
    EXPECT_TRUE(deliveries.ok()) << deliveries.status();
    return deliveries.ok() ? *std::move(deliveries) : std::vector<Delivery>();
  }

  // The one message that is ready; a failed test and an empty delivery if there is not one.
  Delivery TakeOne(const std::string& queue, const DequeueOptions& options = {}) {
    std::vector<Delivery> deliveries = Take(queue, options);
    EXPECT_EQ(deliveries.size(), 1U);
    return deliveries.empty() ? Delivery() : std::move(deliveries.front());
  }

  // Payloads of what Take returns.
  Texts TakeTexts(const std::string& queue, const DequeueOptions& options = {}) {
    return TextsOf(Take(queue, options));
  }

  static Texts TextsOf(const std::vector<Delivery>& deliveries) {
    Texts texts;
    for (const Delivery& delivery : deliveries) texts.push_back(delivery.payload);
    return texts;
  }

  static void ExpectLost(const Status& status, LeaseLoss reason) {
    ASSERT_EQ(status.code(), StatusCode::kLeaseLost) << status;
    ASSERT_NE(status.lease_lost(), nullptr);
    EXPECT_EQ(status.lease_lost()->reason, reason) << status;
  }

  static constexpr std::chrono::seconds kSecond{1};
  static constexpr std::chrono::minutes kMinute{1};
};

}  // namespace tandem::testing
