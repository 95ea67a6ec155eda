// Verify: it passes a sound store, and finds each single thing that does not fit.

#include "tandem/messagequeue/internal/rows/stored_messages.h"
#include "tandem/tests/messagequeue/queue_rig.h"

namespace tandem {
namespace {

using std::chrono::minutes;

class QueueVerifyTest : public testing::QueueRigTest {
 protected:
  // One of everything: ids 1 to 5, of the first incarnation.
  QueueVerifyTest() {
    Do(Enqueue{"work", "alone", {.key = "k"}});
    Do(Enqueue{"work", "head", {.group = "g"}});
    Do(Enqueue{"work", "member", {.group = "g", .key = "of member"}});
    Do(Enqueue{"work", "later", {.delay = minutes(1), .group = "g"}});
    Do(Enqueue{"work", "delivered", {}});
    TakeOne("work");
    EXPECT_TRUE(Verify().ok()) << Verify().status();
  }

  Place At(std::uint64_t id, minutes later = {}) const {
    return {clock_.Now() + later, (std::uint64_t{1} << 40) + id};
  }
  void Erase(const std::string& key) {
    std::string value;
    ASSERT_TRUE(db_->Get({}, key, &value).ok()) << "the test has a wrong key";
    ASSERT_TRUE(db_->Delete({}, key).ok());
  }
  void Set(const std::string& key, const std::string& value) {
    ASSERT_TRUE(db_->Put({}, key, value).ok());
  }
  void ExpectWrong(const std::string& what) {
    const auto verified = Verify();
    ASSERT_EQ(verified.status().code(), StatusCode::kCorruption) << "missed: " << what;
    EXPECT_NE(verified.status().ToString().find(what), std::string::npos) << verified.status();
  }
};

TEST_F(QueueVerifyTest, CountsQueuesAndMessages) {
  Do(Enqueue{"other", "x", {}});
  Do(Enqueue{"emptied", "x", {.group = "g"}});
  Do(DeleteGroup{"emptied", "g"});
  const auto verified = Verify();
  ASSERT_TRUE(verified.ok()) << verified.status();
  EXPECT_EQ(verified->queues, 2U);
  EXPECT_EQ(verified->messages, 6U);
}

TEST_F(QueueVerifyTest, FindsAMissingMessage) {
  Erase(internal::ReadyKey("work", At(5), {}));
  ExpectWrong("its record counts 5 messages, there are 4");
}

TEST_F(QueueVerifyTest, FindsAnUnreadableMessage) {
  Set(internal::ReadyKey("work", At(5), {}), "12345678");
  ExpectWrong("message");
}

TEST_F(QueueVerifyTest, FindsAMissingMember) {
  Erase(internal::MemberKey("work", "g", At(3)));
  ExpectWrong("counts 3 members, has 2");
}

TEST_F(QueueVerifyTest, FindsAMissingHead) {
  Erase(internal::MemberKey("work", "g", At(2)));
  ExpectWrong("has no head");
}

TEST_F(QueueVerifyTest, FindsAMissingGroupRecord) {
  Erase(internal::GroupKey("work", "g"));
  ExpectWrong("it has no record");
}

TEST_F(QueueVerifyTest, FindsAGroupThatIsNotOffered) {
  Erase(internal::ReadyKey("work", At(2), "g"));
  ExpectWrong("is not offered");
}

TEST_F(QueueVerifyTest, FindsAGroupThatIsOfferedTwice) {
  Set(internal::ReadyKey("work", At(3), "g"), {});
  ExpectWrong("does not stand at its place");
}

TEST_F(QueueVerifyTest, FindsAMissingKey) {
  Erase(internal::HeldKey("work", "of member"));
  ExpectWrong("does not hold its key");
}

TEST_F(QueueVerifyTest, FindsAKeyThatLeadsElsewhere) {
  const std::string key = internal::HeldKey("work", "k");
  Set(key, internal::EncodeKeyHolder(key, {At(5), {}, false}));
  ExpectWrong("leads elsewhere");
}

TEST_F(QueueVerifyTest, FindsAKeyOfNoMessage) {
  const std::string key = internal::HeldKey("work", "stray");
  Set(key, internal::EncodeKeyHolder(key, {At(5), {}, false}));
  ExpectWrong("a key is held by no message");
}

TEST_F(QueueVerifyTest, FindsADeliveryCountOfNoMessage) {
  const std::string key = internal::DeliveredKey("work", 77);
  Set(key, internal::EncodeDelivered(key, 1));
  ExpectWrong("a delivery count of no message");
}

TEST_F(QueueVerifyTest, FindsAMissingEntryOfTheDelayedIndex) {
  Erase(internal::DelayedKey("work", At(4, minutes(1)), "g"));
  ExpectWrong("is not in the delayed index");
}

TEST_F(QueueVerifyTest, FindsAnEntryTooMuchInTheDelayedIndex) {
  Set(internal::DelayedKey("work", At(3), "g"), {});
  ExpectWrong("does not know of the delayed index");
}

TEST_F(QueueVerifyTest, FindsAMessageBeforeTheFloor) {
  const std::string key = internal::QueueKey("work");
  Set(key, internal::EncodeQueue(key, {At(2), 5}));
  ExpectWrong("stands before the floor");
}

TEST_F(QueueVerifyTest, FindsAMissingQueueRecord) {
  Erase(internal::QueueKey("work"));
  ExpectWrong("no record");
}

TEST_F(QueueVerifyTest, FindsAKeyOfNoKnownKind) {
  Set("?", "x");
  ExpectWrong("no known kind");
}

}  // namespace
}  // namespace tandem
