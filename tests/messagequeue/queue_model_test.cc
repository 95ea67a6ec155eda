// Random queue operations against a model that is as plain as the contract. To replay a failure:
//   TANDEM_SEED=<seed> messagequeue_test --gtest_filter='QueueModelTest.*'

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <tuple>

#include "tandem/tests/messagequeue/queue_fixture.h"
#include "tandem/tests/support/random_seed.h"

namespace tandem {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct ModelMessage {
  MessageId id = 0;
  std::string queue, payload, group, key;
  Timestamp visible_at, enqueued_at;
  std::uint32_t count = 0;
};

// What a lease covers: a message, or a group.
using Item = std::tuple<std::string, std::string, MessageId>;

struct ModelLease {
  LockToken token;
  Item item;
  Timestamp deadline;
  std::vector<MessageId> ids;
};

class Model {
 public:
  struct Taken {
    ModelMessage message;
    std::size_t lease;  // index among those granted by this call
  };

  EnqueueOutcome Put(const Enqueue& enqueue, MessageId id, Timestamp now) {
    const EnqueueOptions& options = enqueue.options;
    if (!options.key.empty() && Holder(enqueue.queue, options.key) != nullptr) {
      return EnqueueOutcome::kDuplicate;
    }
    const Timestamp wanted = options.visible_at.value_or(now + options.delay.value());
    messages_[id] = {
        id, enqueue.queue, enqueue.payload, options.group, options.key, std::max(wanted, now), now,
        0};
    return EnqueueOutcome::kQueued;
  }

  const ModelMessage* Holder(const std::string& queue, const std::string& key) const {
    for (const auto& [id, message] : messages_) {
      if (message.queue == queue && message.key == key) return &message;
    }
    return nullptr;
  }

  std::vector<Taken> Take(const std::vector<std::string>& queues, const DequeueOptions& options,
                          Timestamp now) {
    std::vector<Taken> taken;
    std::size_t bytes = 0;
    std::size_t granted = 0;
    const auto fits = [&](const ModelMessage& message) {
      return taken.empty() || (taken.size() < options.max_messages &&
                               bytes + message.payload.size() <= options.max_bytes);
    };
    std::size_t groups = 0;
    while (groups < options.max_groups) {
      const std::optional<Item> item = Oldest(queues, now);
      if (!item.has_value()) break;
      const bool grouped = !std::get<1>(*item).empty();
      if (grouped && options.max_groups == 1 && !taken.empty()) break;
      std::vector<ModelMessage*> members =
          grouped ? Members(*item) : std::vector{&messages_.at(std::get<2>(*item))};
      ModelLease fresh{{}, *item, now + options.lease.value(), {}};
      bool full = false;
      for (ModelMessage* message : members) {
        if (message->visible_at > now) break;
        full = !fits(*message);
        if (full) break;
        bytes += message->payload.size();
        ++message->count;
        fresh.ids.push_back(message->id);
        taken.push_back({*message, granted});
      }
      if (fresh.ids.empty()) break;
      std::erase_if(leases_, [&](const ModelLease& old) { return old.item == *item; });
      leases_.push_back(fresh);
      ++granted;
      if (grouped) ++groups;
      if (full) break;
    }
    return taken;
  }

  void NameLease(const Item& item, const LockToken& token) { OfItem(item)->token = token; }

  ModelLease* Find(const LockToken& token) {
    for (ModelLease& lease : leases_) {
      if (lease.token == token) return &lease;
    }
    return nullptr;
  }
  ModelLease* OfItem(const Item& item) {
    for (ModelLease& lease : leases_) {
      if (lease.item == item) return &lease;
    }
    return nullptr;
  }
  void End(const ModelLease& lease) {
    std::erase_if(leases_, [item = lease.item](const ModelLease& l) { return l.item == item; });
  }
  void EndAll() { leases_.clear(); }

  void Ack(const ModelLease& lease, Timestamp now) {
    const auto held = OfItem(lease.item);
    if (held != nullptr && held->token == lease.token) End(lease);
    bool removed = false;
    for (const MessageId id : lease.ids) removed |= messages_.erase(id) > 0;
    if (removed) ForgetDelay(lease.item, now);
  }

  void Abandon(const ModelLease& lease, const AbandonMessages& abandon, Timestamp now) {
    const auto held = OfItem(lease.item);
    const bool ended = held == nullptr || !(held->token == lease.token);
    if (!ended) End(lease);
    for (const MessageId id : lease.ids) {
      const auto message = messages_.find(id);
      if (message == messages_.end()) continue;
      if (!abandon.count && !ended) --message->second.count;
      if (abandon.delay.value() > milliseconds(0) && message->second.group.empty()) {
        message->second.visible_at = now + abandon.delay.value();
      }
    }
    const auto& [queue, group, id] = lease.item;
    if (abandon.delay.value() > milliseconds(0) && !group.empty() && !Members(lease.item).empty()) {
      not_before_[{queue, group}] = now + abandon.delay.value();
    }
  }

  bool Cancel(const CancelMessage& cancel, Timestamp now) {
    const ModelMessage* holder = Holder(cancel.queue, cancel.key);
    if (holder == nullptr) return false;
    const Item item = ItemOf(*holder);
    const MessageId cancelled = holder->id;
    if (const ModelLease* lease = OfItem(item);
        lease != nullptr && std::ranges::count(lease->ids, cancelled) > 0) {
      for (const MessageId id : lease->ids) {
        if (const auto it = messages_.find(id); it != messages_.end()) --it->second.count;
      }
      End(*lease);
    }
    messages_.erase(cancelled);
    ForgetDelay(item, now);
    return true;
  }

  static Item ItemOf(const ModelMessage& message) {
    return {message.queue, message.group, message.group.empty() ? message.id : 0};
  }

  // All messages, for a failure.
  std::string Describe() {
    std::string text;
    for (const auto& [id, message] : messages_) {
      const ModelLease* lease = OfItem(ItemOf(message));
      text += std::to_string(id) + ": queue " + message.queue + ", group '" + message.group +
              "', " + std::to_string(message.payload.size()) + " bytes, visible at " +
              std::to_string(message.visible_at.time_since_epoch().count()) + ", delivered " +
              std::to_string(message.count) +
              (lease == nullptr ? ""
                                : ", leased until " +
                                      std::to_string(lease->deadline.time_since_epoch().count())) +
              "\n";
    }
    for (const auto& [group, until] : not_before_) {
      text += "group '" + group.second + "' of " + group.first + ": not before " +
              std::to_string(until.time_since_epoch().count()) + "\n";
    }
    return text;
  }

 private:
  std::vector<ModelMessage*> Members(const Item& item) {
    std::vector<ModelMessage*> members;
    for (auto& [id, message] : messages_) {
      if (ItemOf(message) == item) members.push_back(&message);
    }
    std::ranges::sort(members, {}, [](const ModelMessage* message) {
      return std::pair(message->visible_at, message->id);
    });
    return members;
  }

  // The item that is next: visible, and not under a lease that has not run out.
  std::optional<Item> Oldest(const std::vector<std::string>& queues, Timestamp now) {
    std::set<Item> items;
    for (const auto& [id, message] : messages_) {
      if (std::ranges::count(queues, message.queue) > 0) items.insert(ItemOf(message));
    }
    std::optional<std::pair<std::pair<Timestamp, MessageId>, Item>> oldest;
    for (const Item& item : items) {
      const ModelLease* lease = OfItem(item);
      if (lease != nullptr && lease->deadline > now) continue;
      const auto& [queue, group, id] = item;
      const ModelMessage& head = *Members(item).front();
      const auto delay = not_before_.find({queue, group});
      const Timestamp visible_at =
          delay == not_before_.end() ? head.visible_at : std::max(head.visible_at, delay->second);
      if (visible_at > now) continue;
      const std::pair place(visible_at, head.id);
      if (!oldest.has_value() || place < oldest->first) oldest = {place, item};
    }
    if (!oldest.has_value()) return std::nullopt;
    return oldest->second;
  }

  // A group's delay is forgotten with the group, or once it has passed and a member is removed.
  void ForgetDelay(const Item& item, Timestamp now) {
    const auto& [queue, group, id] = item;
    const auto delay = not_before_.find({queue, group});
    if (delay != not_before_.end() && (delay->second <= now || Members(item).empty())) {
      not_before_.erase(delay);
    }
  }

  std::map<MessageId, ModelMessage> messages_;
  std::vector<ModelLease> leases_;
  std::map<std::pair<std::string, std::string>, Timestamp> not_before_;
};

class QueueModelTest : public testing::QueueTest {
 protected:
  int Dice(int end) { return static_cast<int>(random_() % static_cast<unsigned>(end)); }
  template <typename T>
  T Pick(const std::vector<T>& values) {
    return values[static_cast<std::size_t>(Dice(static_cast<int>(values.size())))];
  }
  milliseconds Delay() { return Dice(3) == 0 ? milliseconds(Dice(3000)) : milliseconds(0); }

  Operation RandomEnqueue() {
    Enqueue enqueue;
    enqueue.queue = Pick(queues_);
    enqueue.payload = std::string(static_cast<std::size_t>(Dice(20)), 'p');
    enqueue.options.delay = Delay();
    if (Dice(8) == 0) enqueue.options.visible_at = clock_.Now() + milliseconds(Dice(2000) - 1000);
    enqueue.options.group = Pick<std::string>({"", "", "g", "h"});
    enqueue.options.key = Pick<std::string>({"", "", "k1", "k2", "k3", "k4"});
    return enqueue;
  }

  // A token that was issued at some time, rather a recent one.
  std::optional<ModelLease> RandomLease() {
    if (issued_.empty()) return std::nullopt;
    const int back = Dice(4) == 0 ? Dice(static_cast<int>(issued_.size()))
                                  : Dice(std::min<int>(4, static_cast<int>(issued_.size())));
    return issued_[issued_.size() - 1 - static_cast<std::size_t>(back)];
  }

  void ExpectLossOf(const Status& status, const ModelLease& lease) {
    ExpectLost(status, model_.OfItem(lease.item) != nullptr ? LeaseLoss::kTaken : LeaseLoss::kGone);
  }

  void StepBatch() {
    Batch batch;
    std::set<std::string> tokens;
    for (int i = 1 + Dice(Dice(3) == 0 ? 4 : 1); i > 0; --i) {
      const int kind = Dice(10);
      const std::optional<ModelLease> lease = RandomLease();
      const bool fresh = lease.has_value() && tokens.insert(lease->token.bytes).second;
      if (kind < 5) {
        batch.Add(RandomEnqueue());
      } else if (kind < 6) {
        batch.Add(CancelMessage{Pick(queues_), Pick<std::string>({"k1", "k2", "k3", "k4"})});
      } else if (kind < 8 && fresh) {
        batch.Add(DeleteMessages{lease->token});
      } else if (fresh) {
        batch.Add(AbandonMessages{lease->token, Delay(), Dice(2) == 0});
      }
    }
    const Timestamp now = clock_.Now();
    const auto result =
        store_->AtomicBatch(batch, {Dice(4) == 0 ? Durability::kSync : Durability::kBuffered});

    std::map<std::size_t, ModelLease> leases;
    std::vector<std::size_t> failing;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const LockToken* token = TokenOf(batch.operations()[i]);
      if (token == nullptr) continue;
      if (const ModelLease* lease = model_.Find(*token)) {
        leases[i] = *lease;
      } else {
        failing.push_back(i);
      }
    }
    if (!failing.empty()) {
      ASSERT_EQ(result.status().failures().size(), failing.size()) << result.status();
      for (std::size_t i = 0; i < failing.size(); ++i) {
        const OperationFailure& failure = result.status().failures()[i];
        ASSERT_EQ(failure.operation, failing[i]);
        ExpectLossOf(failure.status, IssuedFor(*TokenOf(batch.operations()[failing[i]])));
      }
      return;
    }
    ASSERT_TRUE(result.ok()) << result.status();
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const OperationResult& got = result->operations[i];
      if (const auto* enqueue = std::get_if<Enqueue>(&batch.operations()[i])) {
        const auto& put = std::get<EnqueueResult>(got);
        const ModelMessage* holder = enqueue->options.key.empty()
                                         ? nullptr
                                         : model_.Holder(enqueue->queue, enqueue->options.key);
        const MessageId holder_id = holder == nullptr ? 0 : holder->id;
        ASSERT_EQ(put.outcome, model_.Put(*enqueue, put.id, now));
        if (holder_id != 0) {
          ASSERT_EQ(put.id, holder_id);
        } else {
          ASSERT_GT(put.id, last_id_);
          last_id_ = put.id;
        }
      } else if (const auto* cancel = std::get_if<CancelMessage>(&batch.operations()[i])) {
        ASSERT_EQ(std::get<CancelResult>(got).cancelled, model_.Cancel(*cancel, now));
      } else if (std::holds_alternative<DeleteMessages>(batch.operations()[i])) {
        model_.Ack(leases.at(i), now);
      } else {
        model_.Abandon(leases.at(i), std::get<AbandonMessages>(batch.operations()[i]), now);
      }
    }
  }

  static std::string Describe(const std::vector<Delivery>& deliveries) {
    std::string text;
    for (const Delivery& delivery : deliveries) text += std::to_string(delivery.id) + " ";
    return text;
  }

  void StepDequeue() {
    std::vector<std::string> queues = Pick<std::vector<std::string>>({{"a"}, {"b"}, {"a", "b"}});
    DequeueOptions options;
    options.lease = milliseconds(1 + Dice(4000));
    options.max_messages = static_cast<std::size_t>(1 + Dice(4));
    if (Dice(3) == 0) options.max_bytes = static_cast<std::size_t>(Dice(40));
    if (Dice(3) == 0) options.max_groups = static_cast<std::size_t>(1 + Dice(3));
    const auto got = store_->Dequeue(queues, options);
    ASSERT_TRUE(got.ok()) << got.status();
    const auto expected = model_.Take(queues, options, clock_.Now());
    ASSERT_EQ(got->size(), expected.size())
        << "max_messages " << options.max_messages << ", max_bytes " << options.max_bytes
        << ", max_groups " << options.max_groups << ", queues " << ::testing::PrintToString(queues)
        << ", got " << Describe(*got) << "\nat " << clock_.Now().time_since_epoch().count()
        << " of\n"
        << model_.Describe();
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const Delivery& delivery = (*got)[i];
      const ModelMessage& message = expected[i].message;
      ASSERT_EQ(delivery.id, message.id);
      ASSERT_EQ(delivery.queue, message.queue);
      ASSERT_EQ(delivery.payload, message.payload);
      ASSERT_EQ(delivery.group, message.group);
      ASSERT_EQ(delivery.key, message.key);
      ASSERT_EQ(delivery.enqueued_at, message.enqueued_at);
      ASSERT_EQ(delivery.delivery_count, message.count);
      if (i > 0) {
        ASSERT_EQ(delivery.lock_token == (*got)[i - 1].lock_token,
                  expected[i].lease == expected[i - 1].lease);
        if (expected[i].lease == expected[i - 1].lease) continue;
      }
      const Item item = Model::ItemOf(message);
      model_.NameLease(item, delivery.lock_token);
      issued_.push_back(*model_.OfItem(item));
    }
  }

  void StepRenew() {
    const std::optional<ModelLease> issued = RandomLease();
    if (!issued.has_value()) return;
    const milliseconds duration(1 + Dice(4000));
    const auto end = store_->Renew(issued->token, duration);
    ModelLease* lease = model_.Find(issued->token);
    if (lease == nullptr) return ExpectLossOf(end.status(), *issued);
    ASSERT_TRUE(end.ok()) << end.status();
    lease->deadline = std::max<Timestamp>(lease->deadline, clock_.Now() + duration);
    ASSERT_EQ(*end, lease->deadline);
  }

  void Run(int steps) {
    for (int step = 0; step < steps && !HasFailure(); ++step) {
      SCOPED_TRACE("step " + std::to_string(step));
      const int kind = Dice(100);
      if (kind < 45) {
        StepBatch();
      } else if (kind < 75) {
        StepDequeue();
      } else if (kind < 83) {
        StepRenew();
      } else if (kind < 99 || Dice(4) != 0) {
        clock_.Advance(milliseconds(Dice(1500)));
      } else {
        Reopen();
        model_.EndAll();
      }
    }
  }

  std::mt19937 random_;
  const std::vector<std::string> queues_ = {"a", "b"};
  Model model_;
  MessageId last_id_ = 0;

 private:
  static const LockToken* TokenOf(const Operation& operation) {
    if (const auto* ack = std::get_if<DeleteMessages>(&operation)) return &ack->lock_token;
    const auto* abandon = std::get_if<AbandonMessages>(&operation);
    return abandon == nullptr ? nullptr : &abandon->lock_token;
  }
  ModelLease IssuedFor(const LockToken& token) const {
    return *std::ranges::find(issued_, token, &ModelLease::token);
  }

  std::vector<ModelLease> issued_;  // ever, as of when they were granted
};

TEST_F(QueueModelTest, RandomOperationsAgreeWithTheModel) {
  const auto seed = static_cast<std::uint32_t>(testing::TestSeed());
  random_.seed(seed);
  Run(4000);
}

}  // namespace
}  // namespace tandem
