#include "tandem/duroxide_runtime/internal/dispatch/stop_signals.h"

#include <pthread.h>
#include <semaphore.h>

#include <cerrno>
#include <csignal>

#include "tandem/base/check.h"
#include "tandem/base/mutex.h"

namespace duroxide::internal {

namespace {

constexpr int kStopSignals[] = {SIGINT, SIGTERM};

// A handler may do next to nothing: sem_post() is on the list of signal-safety(7), a condition
// variable is not.
sem_t stop_requested;

void OnStopSignal(int /*signal*/) {
  const int error = errno;
  sem_post(&stop_requested);
  errno = error;
}

// The handlers are the process's, so the first that waits sets them and the last puts back what was
// there.
class Handlers {
 public:
  Handlers() {
    TANDEM_CHECK(sem_init(&stop_requested, 0, 0) == 0, "a semaphore can count from 0 on");
  }

  void Enter() {
    const tandem::MutexLock lock(mutex_);
    if (waiting_++ > 0) return;
    while (sem_trywait(&stop_requested) == 0) {  // signals that came when all had gone
    }
    struct sigaction action = {};
    action.sa_handler = OnStopSignal;
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < 2; ++i) sigaction(kStopSignals[i], &action, &before_[i]);
  }
  void Leave() {
    const tandem::MutexLock lock(mutex_);
    if (--waiting_ > 0) {
      sem_post(&stop_requested);  // one signal is for all that wait
      return;
    }
    for (int i = 0; i < 2; ++i) sigaction(kStopSignals[i], &before_[i], nullptr);
  }

 private:
  tandem::Mutex mutex_;
  int waiting_ TANDEM_GUARDED_BY(mutex_) = 0;
  struct sigaction before_[2] TANDEM_GUARDED_BY(mutex_) = {};
};

}  // namespace

void AwaitStopSignal() {
  static Handlers handlers;
  handlers.Enter();
  sigset_t signals;
  sigset_t before;
  sigemptyset(&signals);
  for (const int signal : kStopSignals) sigaddset(&signals, signal);
  pthread_sigmask(SIG_UNBLOCK, &signals, &before);
  while (sem_wait(&stop_requested) != 0) {  // EINTR: another signal
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  handlers.Leave();
}

}  // namespace duroxide::internal
