// Damaged records: each record of a queue, changed in many ways, lost, or joined by one that makes
// no sense. What is readable goes on, and no damage stops the store.

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tandem/base/sealed_record.h"
#include "tandem/messagequeue/internal/rows/queue_keys.h"
#include "tandem/messagequeue/internal/rows/stored_messages.h"
#include "tandem/messagequeue/queue_records.capnp.h"
#include "tandem/tests/messagequeue/queue_rig.h"
#include "tandem/tests/support/random_seed.h"

namespace tandem {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using Entries = std::map<std::string, std::string>;
using Texts = std::vector<std::string>;

// Writes each proposal at once. A failure to stage would stop the store.
class PlainDoor final : public CommitDoor {
 public:
  PlainDoor(rocksdb::DB* db, Clock* clock) : db_(db), clock_(clock) {}

  Status Commit(Proposal& proposal) override {
    Overlay overlay;
    rocksdb::WriteBatch batch;
    Staging staging(db_, nullptr, &overlay, &batch);
    const Status staged = proposal.Stage(staging, clock_->Now());
    if (!staged.ok()) {
      stopped_ = staged;
      return staged;
    }
    EXPECT_TRUE(db_->Write(rocksdb::WriteOptions(), &batch).ok());
    proposal.Publish();
    return Status::Ok();
  }
  void CommitAsync(Proposal& proposal, std::function<void(Status)> done) override {
    done(Commit(proposal));
  }
  const Status& stopped() const { return stopped_; }

 private:
  rocksdb::DB* db_;
  Clock* clock_;
  Status stopped_;
};

// One operation of a batch: refused by its check, or staged.
template <typename Operation>
class Judged final : public Proposal {
 public:
  Judged(internal::RocksMessageQueue& queue, Operation operation)
      : Proposal(Durability::kSync), queue_(queue), operation_(std::move(operation)) {}

  Status Stage(Staging& staging, Timestamp now) override {
    queue_.operations().Begin();
    refusal_ = queue_.operations().Check(operation_, staging, effects_);
    if (!refusal_.ok()) return Status::Ok();
    auto staged = queue_.operations().Stage(operation_, {staging, effects_, now});
    TANDEM_RETURN_IF_ERROR(StatusOf(staged));
    queue_.StageRecords(effects_, staging);
    return Status::Ok();
  }
  void Publish() override { queue_.Publish(effects_); }
  const Status& refusal() const { return refusal_; }

 private:
  static Status StatusOf(const Status& status) { return status; }
  template <typename T>
  static Status StatusOf(const Result<T>& result) {
    return result.status();
  }

  internal::RocksMessageQueue& queue_;
  Operation operation_;
  internal::QueueEffects effects_;
  Status refusal_;
};

class DamageTest : public ::testing::Test {
 protected:
  DamageTest() : executor_(&clock_, 1) {
    rocksdb::Options options;
    options.create_if_missing = true;
    rocksdb::DB* db = nullptr;
    EXPECT_TRUE(rocksdb::DB::Open(options, directory_.path(), &db).ok());
    db_.reset(db);
    Reopen();
    Fill();
  }

  void Reopen() {
    queue_.reset();
    door_ = std::make_unique<PlainDoor>(db_.get(), &clock_);
    queue_ = std::make_unique<internal::RocksMessageQueue>(
        db_.get(), db_->DefaultColumnFamily(), &clock_, door_.get(), &waits_,
        internal::StoreIdentity{1, ++incarnation_});
  }

  // Some of everything, and behind it what must go on whatever happens to it.
  void Fill() {
    Must(Enqueue{"work", "dead", {}});
    Must(Enqueue{"work", "dead member", {.group = "g", .key = "dead"}});
    Take({.max_messages = 9, .max_groups = 9});
    Reopen();
    Take({.max_messages = 9, .max_groups = 9, .max_deliveries = 1});
    Must(Enqueue{"work", "delivered", {}});
    Must(Enqueue{"work", "delivered member", {.group = "h"}});
    Take({.max_messages = 9, .max_groups = 9});
    Must(Enqueue{"work", "put off", {.group = "p"}});
    for (const Delivery& delivery : Take({})) {
      Must(AbandonMessages{delivery.lock_token, minutes(30), true});
    }
    Must(Enqueue{"work", "alone", {.key = "alone"}});
    Must(Enqueue{"work", "later", {.delay = hours(1), .key = "later"}});
    Must(Enqueue{"work", "g1", {.group = "g", .key = "g1"}});
    Must(Enqueue{"work", "g2", {.group = "g"}});
    Must(Enqueue{"work", "g3", {.delay = hours(1), .group = "g", .key = "g3"}});
    Must(Enqueue{"work", "h2", {.group = "h"}});
    const Entries before = All();
    Must(Enqueue{"work", "canary", {.key = "canary"}});
    Must(Enqueue{"work", "c1", {.group = "canaries", .key = "c1"}});
    Must(Enqueue{"work", "c2", {.group = "canaries"}});
    Must(Enqueue{"work", "c3", {.delay = hours(1), .group = "canaries"}});
    sound_ = All();
    for (const auto& [key, value] : sound_) {
      if (before.contains(key)) victims_.push_back(key);
    }
    ASSERT_TRUE(Verify().ok()) << Verify();
    for (const char kind : std::string("DGHKQRW")) {
      ASSERT_TRUE(std::ranges::any_of(victims_, [kind](auto& key) { return key[0] == kind; }));
    }
  }

  template <typename Operation>
  void Must(Operation operation) {
    const Status done = Do(std::move(operation));
    EXPECT_TRUE(done.ok()) << done;
  }

  template <typename Operation>
  Status Do(Operation operation) {
    Judged<Operation> judged(*queue_, std::move(operation));
    TANDEM_RETURN_IF_ERROR(door_->Commit(judged));
    return judged.refusal();
  }

  Result<std::vector<Delivery>> TryTake(const DequeueOptions& options) {
    const std::string name = "work";
    return queue_->Dequeue(std::span(&name, 1), options);
  }
  std::vector<Delivery> Take(const DequeueOptions& options) {
    auto taken = TryTake(options);
    EXPECT_TRUE(taken.ok()) << taken.status();
    return taken.ok() ? *std::move(taken) : std::vector<Delivery>();
  }

  Status Verify() {
    const rocksdb::Snapshot* const snapshot = db_->GetSnapshot();
    const Status status = queue_->Verify(snapshot).status();
    db_->ReleaseSnapshot(snapshot);
    return status;
  }

  Entries All() {
    Entries all;
    const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(rocksdb::ReadOptions()));
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      all[it->key().ToString()] = it->value().ToString();
    }
    return all;
  }

  // The store as it was, but for one entry.
  void OpenWith(const std::string& key, const std::optional<std::string>& value) {
    rocksdb::WriteBatch batch;
    for (const auto& [old, unused] : All()) batch.Delete(old);
    for (const auto& [sound, kept] : sound_) batch.Put(sound, kept);
    if (value.has_value()) {
      batch.Put(key, *value);
    } else {
      batch.Delete(key);
    }
    ASSERT_TRUE(db_->Write(rocksdb::WriteOptions(), &batch).ok());
    Reopen();
  }

  // --- What is done to a record ---

  std::string RandomBytes(std::size_t size) {
    std::string bytes;
    for (std::size_t i = 0; i < size; ++i) bytes.push_back(static_cast<char>(random_()));
    return bytes;
  }

  using Mutation = std::pair<std::string, std::optional<std::string>>;
  std::vector<Mutation> MutationsOf(const std::string& value) {
    std::string flipped = value;
    if (!flipped.empty()) {
      flipped[random_() % flipped.size()] ^= static_cast<char>(1U << (random_() % 8));
    }
    auto other = sound_.begin();
    std::advance(other, random_() % sound_.size());
    return {{"lost", std::nullopt},
            {"empty", ""},
            {"random", RandomBytes(1 + random_() % 64)},
            {"truncated", value.substr(0, value.size() / 2)},
            {"longer", value + RandomBytes(8)},
            {"flipped", flipped},
            {"ones", std::string(value.size(), '\xFF')},
            {"zeros", std::string(value.size(), '\0')},
            {"another's", other->second}};
  }

  // Values that a seal vouches for and that are false all the same, as no accident makes them.
  std::vector<std::string> FalseValuesOf(const std::string& key) {
    constexpr std::uint64_t kLargest = ~std::uint64_t{0};
    const std::vector<Timestamp> times = {Timestamp::min(), Timestamp(), Timestamp::max()};
    std::vector<std::string> values;
    for (const std::uint64_t number : {std::uint64_t{0}, kLargest / 2 + 1, kLargest}) {
      for (const Timestamp time : times) {
        const Place place{time, number};
        switch (key[0]) {
          case 'Q':
            for (const Timestamp latest : times) {
              values.push_back(internal::EncodeQueue(key, {place, number, latest}));
            }
            break;
          case 'H':
            values.push_back(internal::EncodeSealed<internal::GroupRecord>(
                key, [&](internal::GroupRecord::Builder record) {
                  record.setHeadVisibleAt(time.time_since_epoch().count());
                  record.setHeadId(number);
                  record.setNotBefore(time.time_since_epoch().count());
                  record.setSize(number);
                }));
            break;
          case 'K':
            for (const char* group : {"", "g", "canaries", "nobody's"}) {
              values.push_back(internal::EncodeKeyHolder(key, {place, group, number > 0}));
            }
            break;
          case 'D':
            values.push_back(internal::EncodeDelivered(key, static_cast<std::uint32_t>(number)));
            break;
          default: {
            internal::Envelope envelope{time, "c1", DeadLetter{"work", ~std::uint32_t{0}}, true};
            if (number == 0) envelope.dead_letter.reset();
            values.push_back(internal::EncodeMessage(key, envelope, "false"));
          }
        }
      }
    }
    return values;
  }

  // --- What must go on ---

  void Expect(const Status& status) {
    EXPECT_TRUE(status.ok() || status.code() == StatusCode::kCorruption) << status;
  }

  // Takes and acknowledges all that there is; payloads, in order.
  Texts Drain() {
    Texts texts;
    for (int calls = 0; calls < 50; ++calls) {
      const std::vector<Delivery> taken = Take({.lease = hours(100), .max_messages = 3});
      if (taken.empty()) return texts;
      for (const Delivery& delivery : taken) texts.push_back(delivery.payload);
      std::set<LockToken> tokens;
      for (const Delivery& delivery : taken) tokens.insert(delivery.lock_token);
      for (const LockToken& token : tokens) EXPECT_TRUE(Do(DeleteMessages{token}).ok());
    }
    ADD_FAILURE() << "there is no end";
    return texts;
  }

  static Texts Only(const Texts& wanted, const Texts& texts) {
    Texts found;
    for (const std::string& text : texts) {
      if (std::ranges::find(wanted, text) != wanted.end()) found.push_back(text);
    }
    return found;
  }

  void ExpectCanariesDelivered() {
    clock_.Advance(hours(2));
    const Texts drained = Drain();
    EXPECT_EQ(Only({"canary"}, drained), Texts{"canary"});
    EXPECT_EQ(Only({"c1", "c2", "c3"}, drained), (Texts{"c1", "c2", "c3"}));
    std::map<std::string, int> times;
    for (const std::string& text : drained) ++times[text];
    times.erase("any");  // of which there are several
    for (const auto& [text, count] : times) EXPECT_EQ(count, 1) << text;
  }

  void ExpectNewOnesDelivered() {
    EXPECT_TRUE(Do(Enqueue{"work", "new", {.key = "new"}}).ok());
    EXPECT_TRUE(Do(Enqueue{"work", "new member", {.group = "new"}}).ok());
    EXPECT_EQ(Only({"new", "new member"}, Drain()), (Texts{"new", "new member"}));
  }

  void ExpectItCanBeLookedAt() {
    Expect(Verify());
    EXPECT_TRUE(queue_->ListQueues({}).ok());
    const auto statistics = queue_->Statistics("work");
    EXPECT_TRUE(statistics.ok()) << statistics.status();
    BrowseOptions browse{.limit = 2};
    for (int pages = 0; pages < 50; ++pages) {
      const auto page = queue_->Browse("work", browse);
      ASSERT_TRUE(page.ok()) << page.status();
      if (page->next.empty()) return;
      browse.after = page->next;
    }
    ADD_FAILURE() << "there is no last page";
  }

  void ExpectPurgeMakesItSound() {
    for (const std::string name : {"work", "work/dead"}) {
      const auto purged = queue_->Purge(name);
      EXPECT_TRUE(purged.ok()) << purged.status();
      EXPECT_EQ(queue_->Statistics(name)->messages(), 0U);
      EXPECT_TRUE(queue_->Browse(name, {})->messages.empty());
    }
    EXPECT_EQ(All(), Entries()) << "something is left";
    EXPECT_TRUE(Verify().ok()) << Verify();
    for (const std::string key : {"alone", "later", "g1", "g3", "canary", "c1"}) {
      EXPECT_TRUE(Do(Enqueue{"work", key, {.group = key.substr(0, 1), .key = key}}).ok());
    }
    EXPECT_EQ(Drain().size(), 6U);
    EXPECT_EQ(All(), Entries());
  }

  void DoSomething() {
    static const std::vector<std::string> kGroups = {"", "g", "h", "p", "x"};
    static const std::vector<std::string> kKeys = {"", "alone", "later", "g1", "g3", "dead", "y"};
    const std::string group = kGroups[random_() % kGroups.size()];
    const std::string key = kKeys[random_() % kKeys.size()];
    switch (random_() % 8) {
      case 0:
      case 1:
        Expect(Do(Enqueue{
            "work", "any", {.delay = minutes(random_() % 90), .group = group, .key = key}}));
        break;
      case 2:
        if (!key.empty()) Expect(Do(CancelMessage{"work", key}));
        break;
      case 3:
        if (!group.empty()) Must(DeleteGroup{"work", group});
        break;
      case 4:
        EXPECT_TRUE(queue_->Redrive("work").ok());
        break;
      case 5:
        clock_.Advance(minutes(random_() % 60));
        break;
      default:
        for (const Delivery& delivery : Take({.lease = minutes(1),
                                              .max_messages = 1 + random_() % 4,
                                              .max_groups = 1 + random_() % 3,
                                              // Canaries are delivered twice at most.
                                              .max_deliveries = random_() % 2 == 0 ? 0U : 3U})) {
          const bool is_canary = delivery.payload[0] == 'c';
          if (is_canary || random_() % 2 == 0) {
            const Status status = Do(AbandonMessages{
                delivery.lock_token, minutes(random_() % 2 == 0 ? 0 : 10), !is_canary});
            if (status.code() != StatusCode::kLeaseLost) Expect(status);
          } else {
            const Status status = Do(DeleteMessages{delivery.lock_token});
            if (status.code() != StatusCode::kLeaseLost) Expect(status);
          }
        }
    }
  }

  template <typename Check>
  void ForEachDamage(int rounds, Check check) {
    for (int round = 0; round < rounds; ++round) {
      for (const std::string& key : victims_) {
        for (const auto& [what, value] : MutationsOf(sound_.at(key))) {
          SCOPED_TRACE(what + " record of " + ::testing::PrintToString(key));
          OpenWith(key, value);
          check();
          EXPECT_TRUE(door_->stopped().ok()) << door_->stopped();
          if (HasFailure()) return;
        }
      }
    }
  }

  // Keys that should not be there, of each kind.
  template <typename Check>
  void ForEachStray(int rounds, Check check) {
    for (int round = 0; round < rounds; ++round) {
      for (const std::string& key : victims_) {
        // Up to the end of the queue's name.
        const std::string prefix = key.substr(0, key.find(std::string("\0\1", 2)) + 2);
        for (const std::string& stray :
             {key + '\0', key + RandomBytes(3), key.substr(0, key.size() - 1), prefix,
              prefix + RandomBytes(1 + random_() % 24)}) {
          if (sound_.contains(stray) || !stray.starts_with(prefix) || key[0] == 'Q') continue;
          SCOPED_TRACE("stray " + ::testing::PrintToString(stray));
          auto other = sound_.begin();
          std::advance(other, random_() % sound_.size());
          OpenWith(stray, random_() % 2 == 0 ? RandomBytes(random_() % 64) : other->second);
          check();
          EXPECT_TRUE(door_->stopped().ok()) << door_->stopped();
          if (HasFailure()) return;
        }
      }
    }
  }

  ManualClock clock_;
  testing::TemporaryDirectory directory_;
  std::unique_ptr<rocksdb::DB> db_;
  std::unique_ptr<PlainDoor> door_;
  std::unique_ptr<internal::RocksMessageQueue> queue_;
  std::uint64_t incarnation_ = 0;
  Executor executor_;
  AsyncWaits waits_{&executor_};

  std::mt19937_64 random_{testing::TestSeed()};
  Entries sound_;
  Texts victims_;  // keys
};

TEST_F(DamageTest, WhatIsReadableGoesOnBesideADamagedRecord) {
  ForEachDamage(testing::ScaledRounds(1), [&] {
    ExpectItCanBeLookedAt();
    ExpectCanariesDelivered();
    ExpectNewOnesDelivered();
    ExpectItCanBeLookedAt();
    ExpectPurgeMakesItSound();
  });
}

TEST_F(DamageTest, PurgeRemovesADamagedRecordThatNobodyHasMet) {
  ForEachDamage(testing::ScaledRounds(1), [&] { ExpectPurgeMakesItSound(); });
}

TEST_F(DamageTest, WhateverIsDoneBesideADamagedRecordTheOthersGoOn) {
  ForEachDamage(testing::ScaledRounds(1), [&] {
    for (int i = 0; i < 12; ++i) DoSomething();
    if (random_() % 2 == 0) Reopen();
    ExpectCanariesDelivered();
    ExpectNewOnesDelivered();
    ExpectItCanBeLookedAt();
    ExpectPurgeMakesItSound();
  });
}

TEST_F(DamageTest, WhatIsReadableGoesOnBesideAStrayKey) {
  ForEachStray(testing::ScaledRounds(1), [&] {
    for (int i = 0; i < 6; ++i) DoSomething();
    ExpectItCanBeLookedAt();
    ExpectCanariesDelivered();
    ExpectNewOnesDelivered();
    ExpectPurgeMakesItSound();
  });
}

// What it says may be believed; but it neither stops the store nor anything forever.
TEST_F(DamageTest, FalseValuesBehindARightSealStopNothing) {
  for (const std::string& key : victims_) {
    for (const std::string& value : FalseValuesOf(key)) {
      SCOPED_TRACE("false " + ::testing::PrintToString(key) + " = " +
                   ::testing::PrintToString(value));
      OpenWith(key, value);
      for (int i = 0; i < 6; ++i) DoSomething();
      if (random_() % 2 == 0) Reopen();
      ExpectItCanBeLookedAt();
      ExpectPurgeMakesItSound();
      EXPECT_TRUE(door_->stopped().ok()) << door_->stopped();
      if (HasFailure()) return;
    }
  }
}

TEST_F(DamageTest, ADamagedMessageIsSetAsideAndCounted) {
  const auto alone = std::ranges::find_if(victims_, [](auto& key) {
    return key.starts_with(internal::ReadyPrefix("work")) && key.size() < 26;
  });
  ASSERT_NE(alone, victims_.end());
  OpenWith(*alone, "damaged");
  clock_.Advance(hours(2));
  const std::uint64_t messages = queue_->Statistics("work")->messages();
  EXPECT_EQ(queue_->Statistics("work")->damaged, 0U) << "nobody has met it";
  Drain();
  EXPECT_EQ(queue_->Statistics("work")->damaged, 1U);
  EXPECT_EQ(queue_->Statistics("work")->messages(), 1U);
  const auto page = queue_->Browse("work", {});
  ASSERT_EQ(page->messages.size(), 1U);
  EXPECT_EQ(page->messages[0].state, MessageState::kDamaged);
  EXPECT_EQ(Verify().code(), StatusCode::kCorruption);
  EXPECT_EQ(*queue_->Purge("work"), 1U);
  EXPECT_EQ(queue_->Statistics("work")->damaged, 0U);
  EXPECT_GT(messages, 1U);
}

TEST_F(DamageTest, AGroupStopsAtADamagedMemberUntilTheMemberIsRemoved) {
  const std::string prefix = internal::MemberPrefix("work", "g");
  Texts members;
  for (const std::string& key : victims_) {
    if (key.starts_with(prefix)) members.push_back(key);
  }
  ASSERT_EQ(members.size(), 3U);
  OpenWith(members[0], "damaged");
  clock_.Advance(hours(2));
  EXPECT_EQ(Only({"g1", "g2", "g3"}, Drain()), Texts());
  EXPECT_EQ(queue_->Statistics("work")->damaged, 3U) << "it, and what waits behind it";
  EXPECT_TRUE(Do(CancelMessage{"work", "g1"}).ok());
  EXPECT_EQ(Drain(), (Texts{"g2", "g3"}));
  EXPECT_EQ(queue_->Statistics("work")->damaged, 0U);

  OpenWith(members[1], "damaged");
  EXPECT_EQ(Only({"g1", "g2", "g3"}, Drain()), Texts{"g1"}) << "what stands before it";
  EXPECT_EQ(queue_->Statistics("work")->damaged, 2U);
  EXPECT_TRUE(Do(DeleteGroup{"work", "g"}).ok());
  EXPECT_EQ(queue_->Statistics("work")->messages(), 0U);
}

}  // namespace
}  // namespace tandem
