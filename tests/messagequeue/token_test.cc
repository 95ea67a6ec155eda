// Lock tokens: opaque, unforgeable by accident, and of one store.

#include <string>

#include "tandem/tests/messagequeue/queue_fixture.h"

namespace tandem {
namespace {

class TokenTest : public testing::QueueTest {
 protected:
  // All that takes a token says the same.
  void ExpectInvalid(const std::string& bytes) {
    const LockToken token{bytes};
    EXPECT_EQ(store_->Ack(token).code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(store_->Abandon(token).code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(store_->Renew(token, kMinute).status().code(), StatusCode::kInvalidArgument);
  }
};

TEST_F(TokenTest, AMalformedTokenIsInvalid) {
  ExpectInvalid("");
  ExpectInvalid("T");
  ExpectInvalid("rubbish");
  ExpectInvalid(std::string(100, '\0'));
  ExpectInvalid(std::string(10'000, 'T'));
}

TEST_F(TokenTest, EveryTruncationOfATokenIsHarmless) {
  for (const std::string group : {"", "grp"}) {
    Put("work", "job", {.group = group});
    const LockToken token = TakeOne("work").lock_token;
    for (std::size_t length = 0; length < token.bytes.size(); ++length) {
      EXPECT_FALSE(store_->Ack(LockToken{token.bytes.substr(0, length)}).ok()) << length;
    }
    EXPECT_FALSE(store_->Ack(LockToken{token.bytes + "x"}).ok());
    EXPECT_TRUE(store_->Ack(token).ok());
  }
}

TEST_F(TokenTest, NoFlippedByteMakesAGoodToken) {
  for (const std::string group : {"", "grp"}) {
    Put("work", "job", {.group = group});
    const LockToken token = TakeOne("work").lock_token;
    for (std::size_t i = 0; i < token.bytes.size(); ++i) {
      LockToken flipped = token;
      flipped.bytes[i] = static_cast<char>(flipped.bytes[i] ^ 0x01);
      const Status status = store_->Ack(flipped);
      EXPECT_TRUE(status.code() == StatusCode::kInvalidArgument ||
                  status.code() == StatusCode::kLeaseLost)
          << "byte " << i << " of a token of group '" << group << "': " << status;
    }
    EXPECT_TRUE(store_->Ack(token).ok());
  }
}

TEST_F(TokenTest, ATokenOfAnotherStoreIsInvalid) {
  testing::TemporaryDirectory other_directory;
  RocksDbOptions options;
  options.mode = OpenMode::kCreateIfMissing;
  options.clock = &clock_;
  const auto other = RocksDbProvider::Open(other_directory.path(), options);
  ASSERT_TRUE(other.ok()) << other.status();
  Put("work", "mine");
  ASSERT_TRUE((*other)->Enqueue("work", "theirs").ok());
  const auto mine = Take("work");
  const auto theirs = (*other)->Dequeue("work");
  ASSERT_EQ(theirs->size(), 1U);
  ExpectInvalid(theirs->front().lock_token.bytes);
  EXPECT_EQ((*other)->Ack(mine.front().lock_token).code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(store_->Ack(mine.front().lock_token).ok());
  EXPECT_TRUE((*other)->Ack(theirs->front().lock_token).ok());
}

TEST_F(TokenTest, ATokenThatWasNeverIssuedIsInvalid) {
  Put("work", "job");
  LockToken token = TakeOne("work").lock_token;
  // token := 'T' store:8 incarnation:8 epoch:8 ...: the next epoch, and the next incarnation.
  for (const std::size_t last_byte : {24U, 16U}) {
    LockToken future = token;
    ++future.bytes[last_byte];
    ExpectInvalid(future.bytes);
  }
  EXPECT_TRUE(store_->Ack(token).ok());
}

TEST_F(TokenTest, ATokenFromBeforeReopenIsLost) {
  Put("work", "job");
  const LockToken token = TakeOne("work").lock_token;
  Reopen();
  ExpectLost(store_->Ack(token), LeaseLoss::kGone);
  ExpectLost(store_->Abandon(token), LeaseLoss::kGone);
  Reopen();
  const LockToken current = TakeOne("work").lock_token;
  EXPECT_NE(current, token) << "epochs never repeat";
  ExpectLost(store_->Ack(token), LeaseLoss::kTaken);
  EXPECT_TRUE(store_->Ack(current).ok());
}

}  // namespace
}  // namespace tandem
