// Nobody ever sees part of a batch, across events, metadata and messages. Readers in threads of
// their own check invariants while batches run.

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "batch/rocksdb_provider.h"
#include "tests/support/store_fixture.h"

namespace tandem {
namespace {

class VisibilityTest : public testing::StoreTest {
 protected:
  static constexpr Version kBatches = 150;

  static Durability DurabilityOf(Version i) {
    return i % 3 == 0 ? Durability::kBuffered : Durability::kSync;
  }

  const StreamId left_{"left", 0};
  const StreamId right_{"right", 0};
};

// Each batch adds one event to both streams and notes the number in metadata. Whoever reads them
// one after the other may see later ones grow, but never a later one behind an earlier one.
TEST_F(VisibilityTest, NoReaderSeesHalfABatch) {
  std::atomic<bool> done = false;
  std::vector<std::jthread> threads;
  for (int reader = 0; reader < 2; ++reader) {
    threads.emplace_back([&] {
      while (!done) {
        const Version left =
            store_->Read(left_, {.direction = Direction::kBackward, .max_events = 1})->head;
        const auto metadata = store_->ReadMetadata(right_, {});
        const Version noted =
            metadata->entries.empty() ? 0 : std::stoull(metadata->entries[0].second);
        const Version right =
            store_->Read(right_, {.direction = Direction::kBackward, .max_events = 1})->head;
        const Version left_again = store_->LatestPartition("left")->value_or(PartitionHead()).head;
        ASSERT_LE(left, noted);
        ASSERT_LE(noted, right);
        ASSERT_LE(right, left_again);
      }
    });
  }
  threads.emplace_back([&] {
    Position last = 0;
    while (last < 2 * kBatches) {
      const auto page = store_->ReadAll(last, {.wait = std::chrono::hours(1)});
      ASSERT_TRUE(page.ok()) << page.status();
      ASSERT_EQ(page->next % 2, 0U) << "a page of the feed ended inside of a batch";
      last = page->next;
    }
  });
  for (Version i = 1; i <= kBatches; ++i) {
    ASSERT_TRUE(store_
                    ->AtomicBatch({AppendEvents{left_, {"x"}},
                                   UpdateMetadata{right_, {{"n", std::to_string(i)}}, {}},
                                   AppendEvents{right_, {"x"}}},
                                  {DurabilityOf(i)})
                    .ok());
  }
  done = true;
}

// A message says how many events there were when it was sent.
TEST_F(VisibilityTest, AMessageIsNeverSeenBeforeTheEventsOfItsBatch) {
  std::atomic<Version> seen = 0;
  std::stop_source stop;
  std::vector<std::jthread> threads;
  for (int consumer = 0; consumer < 3; ++consumer) {
    threads.emplace_back([&, consumer] {
      while (seen < kBatches) {
        DequeueOptions options{.lease = std::chrono::hours(1), .stop = stop.get_token()};
        if (consumer > 0) options.wait = std::chrono::hours(1);
        const auto deliveries = store_->Dequeue("work", options);
        ASSERT_TRUE(deliveries.ok()) << deliveries.status();
        for (const Delivery& delivery : *deliveries) {
          const Version head = store_->Read(left_, {})->head;
          ASSERT_GE(head, std::stoull(delivery.payload));
          ASSERT_TRUE(store_->Ack(delivery.lock_token).ok());
          if (++seen == kBatches) stop.request_stop();
        }
      }
    });
  }
  for (Version i = 1; i <= kBatches; ++i) {
    ASSERT_TRUE(
        store_
            ->AtomicBatch({Enqueue{"work", std::to_string(i), {.group = i % 2 == 0 ? "g" : ""}},
                           AppendEvents{left_, {"x"}, Expected::Exactly(i - 1)}},
                          {DurabilityOf(i)})
            .ok());
  }
  threads.clear();  // joins
  EXPECT_EQ(seen, kBatches);
}

// A batch that woke a reader of its events is readable as a whole.
TEST_F(VisibilityTest, AWokenReaderFindsTheWholeBatch) {
  std::jthread follower([&] {
    for (Version i = 1; i <= kBatches; ++i) {
      const auto page = store_->Read(left_, {.from = i, .wait = std::chrono::hours(1)});
      ASSERT_TRUE(page.ok()) << page.status();
      ASSERT_FALSE(page->events.empty());
      ASSERT_GE(store_->Read(right_, {})->head, i);
      const auto message = store_->Dequeue("work", {.lease = std::chrono::hours(1)});
      ASSERT_TRUE(message.ok()) << message.status();
      ASSERT_EQ(message->size(), 1U) << "the message of batch " << i;
      ASSERT_EQ(message->front().payload, std::to_string(i));
    }
  });
  for (Version i = 1; i <= kBatches; ++i) {
    ASSERT_TRUE(store_
                    ->AtomicBatch({AppendEvents{left_, {"x"}}, AppendEvents{right_, {"x"}},
                                   Enqueue{"work", std::to_string(i), {}}},
                                  {DurabilityOf(i)})
                    .ok());
  }
}

// Money moves between two accounts whose balances stand in metadata; CheckMetadata is the lock.
TEST_F(VisibilityTest, ConcurrentTransfersLoseAndMakeNoMoney) {
  constexpr int kThreads = 4;
  constexpr int kTransfers = 30;
  const StreamId accounts{"accounts", 0};
  ASSERT_TRUE(
      store_->AtomicBatch({UpdateMetadata{accounts, {{"a", "1000"}, {"b", "1000"}}, {}}}).ok());
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int moved = 0; moved < kTransfers;) {
        const auto page = store_->ReadMetadata(accounts, {});
        const std::string a = page->entries[0].second;
        const std::string b = page->entries[1].second;
        ASSERT_EQ(std::stoi(a) + std::stoi(b), 2000) << "one page is one snapshot";
        const int amount = thread - 1;
        const auto result =
            store_->AtomicBatch({CheckMetadata{accounts, "a", a}, CheckMetadata{accounts, "b", b},
                                 UpdateMetadata{accounts,
                                                {{"a", std::to_string(std::stoi(a) - amount)},
                                                 {"b", std::to_string(std::stoi(b) + amount)}},
                                                {}},
                                 AppendEvents{accounts, {"moved"}}},
                                {DurabilityOf(static_cast<Version>(moved))});
        if (result.ok()) {
          ++moved;
        } else {
          ASSERT_EQ(result.status().code(), StatusCode::kConflict) << result.status();
        }
      }
    });
  }
  threads.clear();  // joins
  const auto page = store_->ReadMetadata(accounts, {});
  EXPECT_EQ(std::stoi(page->entries[0].second), 1000 - kTransfers * (-1 + 0 + 1 + 2));
  EXPECT_EQ(store_->Read(accounts, {})->head, static_cast<Version>(kThreads * kTransfers));
}

}  // namespace
}  // namespace tandem
