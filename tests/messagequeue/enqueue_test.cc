// How much a call delivers, exactly: the contract leaves a store free to deliver less.

#include <string>

#include "tandem/tests/messagequeue/queue_fixture.h"

namespace tandem {
namespace {

class EnqueueTest : public testing::QueueTest {};

TEST_F(EnqueueTest, MaxBytesCountsPayloadsButOneMessageIsAlwaysDelivered) {
  for (const std::size_t size : {10U, 10U, 10U, 50U, 1U}) Put("work", std::string(size, 'x'));
  EXPECT_EQ(Take("work", {.max_messages = 9, .max_bytes = 20}).size(), 2U);
  EXPECT_EQ(Take("work", {.max_messages = 9, .max_bytes = 0}).size(), 1U);
  EXPECT_EQ(Take("work", {.max_messages = 9, .max_bytes = 10}).size(), 1U)
      << "a message larger than max_bytes comes alone";
  EXPECT_EQ(Take("work", {.max_messages = 9, .max_bytes = 10}).size(), 1U);
  EXPECT_TRUE(Take("work").empty());
}

TEST_F(EnqueueTest, WhatDoesNotFitStaysReady) {
  Put("work", "1234567890");
  Put("work", "1234567890", {.group = "g"});
  Put("work", "x");
  EXPECT_EQ(Take("work", {.max_messages = 9}).size(), 1U) << "a group comes alone";
  EXPECT_EQ(Take("work", {.max_messages = 9}).front().group, "g");
  EXPECT_EQ(TakeTexts("work", {.max_messages = 9}), Texts{"x"});
}

}  // namespace
}  // namespace tandem
