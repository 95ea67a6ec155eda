#include "tandem/sourcing/consumer.h"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <random>
#include <thread>
#include <vector>

#include "tandem/base/check.h"
#include "tandem/base/clock.h"
#include "tandem/base/mutex.h"
#include "tandem/sourcing/internal/lease_renewals.h"

namespace sourcing {

using tandem::Batch;
using tandem::Delivery;
using tandem::MutexLock;

namespace {

constexpr std::chrono::seconds kTroublePause(1);

bool IsLeaseLost(const Status& status) {
  if (status.code() == StatusCode::kLeaseLost) return true;
  return std::ranges::any_of(status.failures(), [](const tandem::OperationFailure& failure) {
    return failure.status.code() == StatusCode::kLeaseLost;
  });
}

std::function<double()> SystemRandom() {
  return [engine = std::mt19937_64(std::random_device()())]() mutable {
    return std::uniform_real_distribution<double>(0, 1)(engine);
  };
}

}  // namespace

class Consumer::Workers {
 public:
  Workers(tandem::Provider& store, std::string queue, ConsumerOptions options, Handle handle)
      : store_(store),
        queue_(std::move(queue)),
        options_(std::move(options)),
        handle_(std::move(handle)),
        random_(options_.random_ ? options_.random_ : SystemRandom()),
        renewals_(store, options_.lease_) {
    TANDEM_CHECK(options_.workers_ > 0, "a consumer has a worker");
    const MutexLock lock(stopping_);
    for (std::size_t i = 0; i < options_.workers_; ++i) {
      threads_.emplace_back([this](const std::stop_token& stop) { Work(stop); });
    }
  }
  ~Workers() { Stop(); }
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  void Stop() {
    const MutexLock lock(stopping_);
    for (std::jthread& thread : threads_) {
      TANDEM_CHECK(thread.get_id() != std::this_thread::get_id(), "a handler stops its consumer");
      thread.request_stop();
    }
    threads_.clear();  // joins
  }

  Status status() const {
    const MutexLock lock(mutex_);
    return trouble_;
  }

 private:
  void Work(const std::stop_token& stop) {
    tandem::DequeueOptions options;
    options.lease = options_.lease_;
    options.max_deliveries = options_.max_deliveries_;
    options.wait = std::chrono::hours::max();
    options.stop = stop;
    while (!stop.stop_requested()) {
      const auto delivery = store_.DequeueOne(queue_, options);
      {
        const MutexLock lock(mutex_);
        trouble_ = delivery.status();
      }
      if (!delivery.ok()) {
        tandem::SleepFor(store_.clock(), kTroublePause, stop);
      } else if (delivery->has_value()) {
        HandleOne(**delivery, stop);
      }
    }
  }

  void HandleOne(const Delivery& delivery, const std::stop_token& stop) {
    const internal::LeaseRenewals::Held lease(renewals_, delivery.lock_token);
    std::stop_source cease;
    const auto request = [&cease] { cease.request_stop(); };
    const std::stop_callback on_loss(lease.stop_token(), request);
    const std::stop_callback on_stop(stop, request);
    Result<Batch> wanted = CallHandler(delivery, cease.get_token());
    if (!wanted.ok()) return Fail(delivery, wanted.status(), stop);

    Batch batch = *std::move(wanted);
    batch.Ack(delivery.lock_token);
    const Status done = store_.AtomicBatch(std::move(batch)).status();
    if (!done.ok()) Fail(delivery, done, stop);
  }

  Result<Batch> CallHandler(const Delivery& delivery, std::stop_token cease) {
    try {
      return handle_(delivery, std::move(cease));
    } catch (const std::exception& exception) {
      return Status::Internal("the handler of '" + queue_ + "' threw " + exception.what());
    } catch (...) {
      return Status::Internal("the handler of '" + queue_ + "' threw what is no std::exception");
    }
  }

  // The one place in which a failure becomes a delay or a dead letter.
  void Fail(const Delivery& delivery, const Status& reason, const std::stop_token& stop) {
    HandlingFailure failure{delivery, reason, Unhandled::kRetried, {}};
    tandem::AbandonOptions abandon;
    if (IsLeaseLost(reason)) {
      failure.outcome = Unhandled::kLeaseLost;
      return Report(failure);
    }
    if (stop.stop_requested() && reason.code() == StatusCode::kCancelled) {
      failure.outcome = Unhandled::kGivenBack;
      abandon.count = false;
    } else if (options_.max_deliveries_ != 0 &&
               delivery.delivery_count >= options_.max_deliveries_) {
      failure.outcome = Unhandled::kDeadLetter;  // by the next one who takes from the queue
    } else {
      failure.retry_after = Delay(delivery.delivery_count);
      abandon.delay = failure.retry_after;
    }
    const Status abandoned = store_.Abandon(delivery.lock_token, abandon);
    if (!abandoned.ok()) {
      failure.outcome = IsLeaseLost(abandoned) ? Unhandled::kLeaseLost : Unhandled::kLeft;
    }
    Report(failure);
  }

  void Report(const HandlingFailure& failure) const {
    if (options_.on_failure_) options_.on_failure_(failure);
  }

  std::chrono::milliseconds Delay(std::uint32_t deliveries) {
    std::chrono::milliseconds delay = options_.backoff_first_;
    const std::chrono::milliseconds longest = options_.backoff_longest_;
    for (std::uint32_t i = 1; i < deliveries && delay < longest; ++i) {
      delay = delay < longest / 2 ? delay * 2 : longest;
    }
    delay = std::min(delay, longest);
    double random = 0;
    {
      const MutexLock lock(mutex_);
      random = random_();
    }
    const auto half = static_cast<double>(delay.count()) / 2;
    return std::chrono::milliseconds(static_cast<std::int64_t>(half + half * random));
  }

  tandem::Provider& store_;
  const std::string queue_;
  const ConsumerOptions options_;
  const Handle handle_;

  mutable tandem::Mutex mutex_;
  Status trouble_ TANDEM_GUARDED_BY(mutex_);
  std::function<double()> random_ TANDEM_GUARDED_BY(mutex_);

  internal::LeaseRenewals renewals_;  // own synchronization
  tandem::Mutex stopping_;
  std::vector<std::jthread> threads_ TANDEM_GUARDED_BY(stopping_);  // last: use everything above
};

Consumer::Consumer(tandem::Provider& store, std::string queue, ConsumerOptions options,
                   Handle handle, int)
    : workers_(std::make_unique<Workers>(store, std::move(queue), std::move(options),
                                         std::move(handle))) {}
Consumer::~Consumer() = default;

void Consumer::Stop() { workers_->Stop(); }
Status Consumer::status() const { return workers_->status(); }

}  // namespace sourcing
