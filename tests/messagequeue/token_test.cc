// Lock tokens: what their bytes say of the store, the incarnation and the epoch.

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
