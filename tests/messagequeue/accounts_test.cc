// The books of a queue (its counts, its indexes of what is ready, delayed, held and dead) after
// random operations: all of it fits together, and statistics equal a recount.

#include <map>
#include <random>
#include <set>
#include <sstream>

#include "tandem/tests/messagequeue/queue_rig.h"
#include "tandem/tests/support/random_seed.h"

namespace tandem {
namespace {

using std::chrono::milliseconds;

class AccountsTest : public testing::QueueRigTest {
 protected:
  int Dice(int end) { return static_cast<int>(random_() % static_cast<unsigned>(end)); }
  std::string Name(const std::string& prefix, int end) {
    return prefix + std::to_string(Dice(end));
  }
  std::string Queue() {
    const int dice = Dice(8);
    return dice < 2 ? "a/dead" : dice < 4 ? "b" : "a";
  }

  void EnqueueOne() {
    EnqueueOptions options;
    if (Dice(2) == 0) options.group = Name("g", 3);
    if (Dice(3) == 0) options.key = Name("k", 4);
    if (Dice(3) == 0) options.delay = milliseconds(Dice(20));
    Do(Enqueue{Queue(), "payload", options});
  }

  void TakeSome() {
    const DequeueOptions options{.lease = milliseconds(1 + Dice(20)),
                                 .max_messages = static_cast<std::size_t>(1 + Dice(4)),
                                 .max_deliveries = static_cast<std::uint32_t>(Dice(3))};
    std::set<LockToken> tokens;
    for (const Delivery& delivery : Take(Queue(), options)) {
      EXPECT_EQ(delivery.payload, "payload") << "moved whole";
      tokens.insert(delivery.lock_token);
    }
    for (const LockToken& token : tokens) tokens_.push_back(token);
  }

  void EndSomeLease() {
    if (tokens_.empty()) return;
    const std::size_t index = random_() % tokens_.size();
    const LockToken token = tokens_[index];
    tokens_.erase(tokens_.begin() + static_cast<std::ptrdiff_t>(index));
    const int dice = Dice(3);
    if (dice == 0) {
      Try(DeleteMessages{token});
    } else {
      Try(AbandonMessages{token, milliseconds(dice == 1 ? 0 : Dice(20)), Dice(2) == 0});
    }
  }

  // The lease may be lost by now.
  template <typename Operation>
  void Try(Operation operation) {
    testing::OneOperation<Operation> attempt(*queue_, std::move(operation));
    const Status status = door_->Commit(attempt);
    ASSERT_TRUE(status.ok() || status.code() == StatusCode::kLeaseLost) << status;
  }

  void Step() {
    switch (Dice(20)) {
      case 0:
        return Do(CancelMessage{Queue(), Name("k", 4)});
      case 1:
        return Do(DeleteGroup{Queue(), Name("g", 3)});
      case 2:
        if (Dice(5) != 0) return;
        EXPECT_TRUE(queue_->Purge(Queue()).ok());
        return;
      case 3:
        EXPECT_TRUE(queue_->Redrive("a").ok());
        return;
      case 4:
      case 5:
        return clock_.Advance(milliseconds(Dice(5)));
      default:
        break;
    }
    const int dice = Dice(3);
    dice == 0 ? EnqueueOne() : dice == 1 ? TakeSome() : EndSomeLease();
  }

  // By walking over all messages, a few at a time.
  QueueStatistics Recount(const std::string& queue) {
    QueueStatistics counted;
    BrowseOptions options{.limit = static_cast<std::size_t>(1 + Dice(5))};
    do {
      const auto page = queue_->Browse(queue, options);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) return counted;
      for (const BrowsedMessage& message : page->messages) {
        EXPECT_EQ(message.payload, "payload");
        if (message.state == MessageState::kLeased) ++counted.leased;
        if (message.state == MessageState::kDelayed) ++counted.delayed;
        if (message.state != MessageState::kReady) continue;
        ++counted.ready;
        const auto age = clock_.Now() - message.visible_at;
        counted.oldest_age = std::max(counted.oldest_age.value_or(age), age);
      }
      options.after = page->next;
    } while (!options.after.empty());
    return counted;
  }

  static std::string Text(const QueueStatistics& statistics) {
    std::ostringstream text;
    text << "ready " << statistics.ready << ", delayed " << statistics.delayed << ", leased "
         << statistics.leased << ", oldest ";
    if (statistics.oldest_age.has_value()) text << statistics.oldest_age->count();
    return text.str();
  }

  std::mt19937 random_{static_cast<std::uint32_t>(testing::TestSeed())};
  std::vector<LockToken> tokens_;
};

TEST_F(AccountsTest, AllFitsTogetherAfterRandomOperations) {
  for (int step = 0; step < 6000; ++step) {
    Step();
    if (HasFatalFailure()) return;
    if (step % 20 != 0) continue;
    const auto verified = Verify();
    ASSERT_TRUE(verified.ok()) << "step " << step << ": " << verified.status();
    std::uint64_t messages = 0;
    for (const std::string queue : {"a", "b", "a/dead", "b/dead", "a/dead/dead"}) {
      const auto statistics = queue_->Statistics(queue);
      ASSERT_TRUE(statistics.ok()) << statistics.status();
      const QueueStatistics counted = Recount(queue);
      ASSERT_EQ(Text(*statistics), Text(counted)) << "queue " << queue << ", step " << step;
      messages += counted.messages();
    }
    ASSERT_EQ(verified->messages, messages) << "step " << step;
  }
}

}  // namespace
}  // namespace tandem
