#include "tandem/cli/interrupts.h"

#include <gtest/gtest.h>

namespace tandem::cli {
namespace {

TEST(Interrupts, AreNotedInsteadOfEndingTheProcess) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const Interrupts interrupts;
    EXPECT_FALSE(interrupts.Came());
    ASSERT_EQ(std::raise(signal), 0);
    EXPECT_TRUE(interrupts.Came());
  }
}

TEST(Interrupts, DoAfterwardsWhatTheyDidBefore) {
  struct sigaction before = {};
  struct sigaction after = {};
  sigaction(SIGINT, nullptr, &before);
  {
    const Interrupts interrupts;
  }
  sigaction(SIGINT, nullptr, &after);
  EXPECT_EQ(after.sa_handler, before.sa_handler);
}

}  // namespace
}  // namespace tandem::cli
