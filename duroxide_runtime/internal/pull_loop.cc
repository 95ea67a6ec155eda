#include "duroxide_runtime/internal/pull_loop.h"

#include <algorithm>
#include <utility>

namespace duroxide::internal {

namespace {

constexpr std::chrono::milliseconds kBackoffFirst{20};
constexpr std::chrono::milliseconds kBackoffMax{10'000};

// One Dequeue waits this long; then the loop looks around and goes on.
constexpr std::chrono::minutes kWait{10};

}  // namespace

bool SleepFor(tandem::Clock& clock, std::chrono::milliseconds duration,
              const std::stop_token& stop) {
  tandem::Signal signal;
  const tandem::NotifyOnStop notify(stop, signal);
  const tandem::Timestamp until = tandem::SaturatingAdd(clock.Now(), duration);
  while (!stop.stop_requested() && clock.Now() < until) clock.WaitUntil(signal, until);
  return !stop.stop_requested();
}

PullLoop::PullLoop(tandem::Provider& provider, LogSink& log, std::string_view queue,
                   std::size_t threads, Options options, Handler handler)
    : provider_(provider),
      log_(log),
      queue_(queue),
      options_(std::move(options)),
      handler_(std::move(handler)) {
  threads_.reserve(threads);
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
}

PullLoop::~PullLoop() {
  RequestStop();
  Join();
}

void PullLoop::Join() {
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void PullLoop::Run() {
  const std::stop_token stop = stop_.get_token();
  std::chrono::milliseconds backoff = kBackoffFirst;
  while (!stop.stop_requested()) {
    tandem::Status status;
    tandem::DequeueOptions options = options_();
    options.wait = kWait;
    options.stop = stop;
    auto deliveries = provider_.Dequeue(queue_, options);
    if (!deliveries.ok()) {
      status = deliveries.status();
    } else if (!deliveries->empty()) {
      status = handler_(*std::move(deliveries), stop);
    }
    if (status.ok()) {
      NoteRecovery();
      backoff = kBackoffFirst;
      continue;
    }
    NoteTrouble(status);
    SleepFor(provider_.clock(), backoff, stop);
    backoff = std::min(2 * backoff, kBackoffMax);
  }
}

void PullLoop::NoteTrouble(const tandem::Status& status) {
  if (in_trouble_.exchange(true)) return;
  log_.Log(
      LogLevel::kError, "",
      "queue '" + queue_ + "': the store is in trouble, will keep trying: " + status.ToString());
}

void PullLoop::NoteRecovery() {
  if (!in_trouble_.load(std::memory_order_relaxed) || !in_trouble_.exchange(false)) return;
  log_.Log(LogLevel::kWarning, "", "queue '" + queue_ + "': the store works again");
}

}  // namespace duroxide::internal
