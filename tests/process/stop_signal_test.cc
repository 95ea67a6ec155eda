// A program that runs until a signal.

#include <gtest/gtest.h>
#include <pthread.h>

#include <csignal>
#include <ctime>
#include <thread>
#include <vector>

#include "tandem/batch/memory_provider.h"
#include "tandem/duroxide.h"

namespace duroxide {
namespace {

// Blocks the two signals in this thread and in those that it starts: one that a thread is sent
// waits until RunUntilSignal takes it. (One for the process would end it, since the threads of
// earlier tests do not block it.)
class BlockedSignals {
 public:
  BlockedSignals() {
    sigemptyset(&signals_);
    for (const int signal : {SIGINT, SIGTERM}) sigaddset(&signals_, signal);
    pthread_sigmask(SIG_BLOCK, &signals_, &before_);
  }
  // A signal that nobody has taken would end the process as soon as it is not blocked any more.
  ~BlockedSignals() {
    const timespec at_once = {};
    while (sigtimedwait(&signals_, nullptr, &at_once) > 0) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t signals_;
  sigset_t before_;
};

class StopSignalTest : public ::testing::TestWithParam<int> {
 protected:
  static bool IsBlocked(int signal) {
    sigset_t now;
    pthread_sigmask(SIG_SETMASK, nullptr, &now);
    return sigismember(&now, signal) == 1;
  }
  static bool HasDefaultHandler(int signal) {
    struct sigaction now = {};
    sigaction(signal, nullptr, &now);
    return now.sa_handler == SIG_DFL;
  }

  const BlockedSignals blocked_;  // before anything that starts a thread
  tandem::MemoryProvider store_;
};
INSTANTIATE_TEST_SUITE_P(, StopSignalTest, ::testing::Values(SIGINT, SIGTERM),
                         [](const auto& info) { return info.param == SIGINT ? "Int" : "Term"; });

TEST_P(StopSignalTest, DrainsTheRuntimeAndPutsBackWhatWasThere) {
  const auto runtime = Runtime::Start(store_, Registry());
  ASSERT_TRUE(runtime.ok()) << runtime.status();
  ASSERT_EQ(pthread_kill(pthread_self(), GetParam()), 0);
  EXPECT_EQ((*runtime)->RunUntilSignal(), ShutdownResult::kDrained);
  EXPECT_TRUE(IsBlocked(GetParam()));
  EXPECT_TRUE(HasDefaultHandler(GetParam()));
}

// Several at a time, again and again: whoever comes last or goes first, each ends with its signal.
TEST_P(StopSignalTest, StopsEachOfSeveralRuntimes) {
  for (int round = 0; round < 10; ++round) {
    std::vector<std::thread> mains;
    for (int i = 0; i < 3; ++i) {
      mains.emplace_back([this] {
        const auto runtime = Runtime::Start(store_, Registry());
        ASSERT_TRUE(runtime.ok()) << runtime.status();
        ASSERT_EQ(pthread_kill(pthread_self(), GetParam()), 0);
        EXPECT_EQ((*runtime)->RunUntilSignal(), ShutdownResult::kDrained);
      });
    }
    for (std::thread& main : mains) main.join();
    EXPECT_TRUE(HasDefaultHandler(GetParam()));
  }
}

}  // namespace
}  // namespace duroxide
