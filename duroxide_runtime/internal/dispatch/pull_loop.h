#pragma once

// A PullLoop is a number of threads that take work from some queues and hand it to a function,
// until they are stopped. While the store is in trouble they log once, wait longer and longer, and
// go on.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "tandem/batch/provider.h"
#include "tandem/duroxide_runtime/log.h"
#include "tandem/duroxide_runtime/status.h"

namespace duroxide::internal {

class PullLoop {
 public:
  // What was dequeued together. Returns the store's error, if that is what kept it from its work.
  using Handler = std::function<Status(std::vector<tandem::Delivery>)>;

  // The options of a Dequeue, asked for before each; the loop itself sets how long it waits.
  using Options = std::function<tandem::DequeueOptions()>;

  struct Setup {
    std::vector<std::string> queues;  // not empty
    std::size_t threads = 0;
    Options options;
    Handler handler;
    std::function<void()> on_end;  // called by each thread when it has ended
  };

  // `provider` and `log` outlive the loop. Throws std::system_error if the system gives no further
  // thread; then none is left.
  PullLoop(tandem::Provider& provider, LogSink& log, Setup setup);
  ~PullLoop();  // stops, and waits for what runs
  PullLoop(const PullLoop&) = delete;
  PullLoop& operator=(const PullLoop&) = delete;

  // Takes no further work: nothing is handed to the function from here on. Running work runs to
  // its end.
  void RequestStop() { stop_.request_stop(); }
  // True when nothing runs, nor ever will.
  bool ended() const { return running_ == 0; }
  // Work that could not be brought to its end after RequestStop: the store was in trouble.
  std::size_t failed() const { return failed_; }

 private:
  void StopAndJoin();
  void Run();
  void Pull(const std::stop_token& stop);
  // Uncounted, as if it had not been taken.
  Status GiveBack(const std::vector<tandem::Delivery>& deliveries);
  void NoteTrouble(const Status& status);
  // `changes`: of trouble_changes_, when what has gone well began.
  void NoteRecovery(std::uint64_t changes);
  static bool IsTrouble(std::uint64_t changes) { return changes % 2 == 1; }
  std::string Name() const;

  tandem::Provider& provider_;
  LogSink& log_;
  const Setup setup_;
  std::stop_source stop_;
  std::atomic<std::size_t> running_;  // threads
  std::atomic<std::size_t> failed_ = 0;
  std::atomic<std::uint64_t> trouble_changes_ = 0;  // how often trouble has come or gone
  std::vector<std::thread> threads_;
};

}  // namespace duroxide::internal
