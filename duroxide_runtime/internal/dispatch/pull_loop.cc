#include "tandem/duroxide_runtime/internal/dispatch/pull_loop.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "tandem/duroxide_runtime/internal/dispatch/tuning.h"

namespace duroxide::internal {

PullLoop::PullLoop(tandem::Provider& provider, LogSink& log, Setup setup)
    : provider_(provider), log_(log), setup_(std::move(setup)), running_(setup_.threads) {
  threads_.reserve(setup_.threads);
  try {
    for (std::size_t i = 0; i < setup_.threads; ++i) threads_.emplace_back([this] { Run(); });
  } catch (const std::system_error&) {
    StopAndJoin();
    throw;
  }
}

PullLoop::~PullLoop() { StopAndJoin(); }

void PullLoop::StopAndJoin() {
  RequestStop();
  for (std::thread& thread : threads_) thread.join();
}

void PullLoop::Run() {
  Pull(stop_.get_token());
  running_ -= 1;
  setup_.on_end();
}

void PullLoop::Pull(const std::stop_token& stop) {
  std::chrono::milliseconds backoff = tuning::kPullBackoffFirst;
  while (!stop.stop_requested()) {
    // A delivery from before the trouble says nothing about the store as it is now.
    const std::uint64_t changes = trouble_changes_;
    Status status;
    tandem::DequeueOptions options = setup_.options();
    options.wait = tuning::kPullWait;
    options.stop = stop;
    auto deliveries = provider_.Dequeue(setup_.queues, options);
    if (!deliveries.ok()) {
      status = deliveries.status();
    } else if (!deliveries->empty()) {
      // A Dequeue that is asked to stop looks once more, and may find what was just given back.
      status =
          stop.stop_requested() ? GiveBack(*deliveries) : setup_.handler(*std::move(deliveries));
      if (!status.ok() && stop.stop_requested()) failed_ += 1;
    }
    if (status.ok()) {
      NoteRecovery(changes);
      backoff = tuning::kPullBackoffFirst;
      continue;
    }
    NoteTrouble(status);
    SleepFor(provider_.clock(), backoff, stop);
    backoff = std::min(2 * backoff, tuning::kPullBackoffMax);
  }
}

Status PullLoop::GiveBack(const std::vector<tandem::Delivery>& deliveries) {
  tandem::AbandonOptions options;
  options.count = false;
  Status first_error;
  for (std::size_t i = 0; i < deliveries.size(); ++i) {
    const tandem::LockToken& token = deliveries[i].lock_token;
    if (i > 0 && token == deliveries[i - 1].lock_token) continue;  // of the same group
    const Status status = provider_.Abandon(token, options);
    const bool lost = status.code() == StatusCode::kLeaseLost;
    if (!status.ok() && !lost && first_error.ok()) first_error = status;
  }
  return first_error;
}

std::string PullLoop::Name() const {
  std::string name;
  for (const std::string& queue : setup_.queues) {
    name.append(name.empty() ? "queue '" : ", '").append(queue).append("'");
  }
  return name;
}

void PullLoop::NoteTrouble(const Status& status) {
  std::uint64_t changes = trouble_changes_;
  if (IsTrouble(changes) || !trouble_changes_.compare_exchange_strong(changes, changes + 1)) return;
  log_.Log(LogLevel::kError, "",
           Name() + ": the store is in trouble, will keep trying: " + status.ToString());
}

void PullLoop::NoteRecovery(std::uint64_t changes) {
  if (!IsTrouble(changes) || !trouble_changes_.compare_exchange_strong(changes, changes + 1)) {
    return;
  }
  log_.Log(LogLevel::kWarning, "", Name() + ": the store works again");
}

}  // namespace duroxide::internal
