#pragma once

// Trying an activity again: a loop in the orchestration, each attempt a call of its own in history.
//
//   const RetryPolicy policy = RetryPolicy().Attempts(5).AttemptTimeout(30s);
//   Receipt receipt = co_await OrFail(CallWithRetry(ctx, kCharge, order, policy));

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tandem/duroxide_runtime/context.h"
#include "tandem/duroxide_runtime/when.h"

namespace duroxide {

// No aggregate: safe as a temporary beside a co_await on g++ 12.
class RetryPolicy {
 public:
  using Duration = std::chrono::microseconds;

  RetryPolicy() {}

  // How often it is tried in all; at least once. 3 unless it is said.
  RetryPolicy& Attempts(std::uint32_t attempts) {
    attempts_ = std::max<std::uint32_t>(attempts, 1);
    return *this;
  }
  // Waits before the second attempt, and `factor` times as long before each further one, up to
  // `max`. 100 ms, doubling up to 30 s unless it is said. A factor of 1 waits the same each time.
  RetryPolicy& Backoff(tandem::Saturated<Duration> first, double factor,
                       tandem::Saturated<Duration> max) {
    first_ = first.value();
    factor_ = factor;
    max_ = max.value();
    return *this;
  }
  RetryPolicy& NoBackoff() { return Backoff(Duration(0), 1, Duration(0)); }
  // An attempt that takes longer is cancelled, and counts as failed with Unavailable.
  RetryPolicy& AttemptTimeout(tandem::Saturated<Duration> timeout) {
    timeout_ = timeout.value();
    return *this;
  }
  // A failure with this code is not tried again.
  RetryPolicy& NotOn(StatusCode code) {
    final_.push_back(code);
    return *this;
  }

  std::uint32_t attempts() const { return attempts_; }
  const std::optional<Duration>& timeout() const { return timeout_; }
  bool Retries(const Status& failure) const {
    return std::find(final_.begin(), final_.end(), failure.code()) == final_.end();
  }
  // After the attempt 1, 2, ...; never overflows.
  Duration DelayAfter(std::uint32_t attempt) const {
    double delay = static_cast<double>(first_.count());
    const double max = static_cast<double>(max_.count());
    for (std::uint32_t i = 1; i < attempt && delay < max; ++i) {
      const double longer = delay * factor_;
      if (longer <= delay) break;
      delay = longer;
    }
    return delay < max ? Duration(static_cast<Duration::rep>(delay)) : max_;
  }

 private:
  std::uint32_t attempts_ = 3;
  Duration first_ = std::chrono::milliseconds(100);
  double factor_ = 2;
  Duration max_ = std::chrono::seconds(30);
  std::optional<Duration> timeout_;
  std::vector<StatusCode> final_;
};

namespace internal {

template <typename Out, typename In>
Task<Result<Out>> CallWithTimeout(OrchestrationContext ctx, Activity<Out(In)> activity, In input,
                                  RetryPolicy::Duration timeout, CallOptions options) {
  Future<Out> call = ctx.Call(activity, input, options);
  Timer timer = ctx.StartTimer(timeout);
  auto first = co_await WhenAny(std::move(call), std::move(timer));
  if (first.index() == 0) co_return std::get<0>(std::move(first));
  co_return Status::Unavailable("activity '" + std::string(activity.name()) +
                                "' took longer than its attempt may");
}

}  // namespace internal

// The last attempt's result.
template <typename Out, typename In>
Task<Result<Out>> CallWithRetry(OrchestrationContext ctx, Activity<Out(In)> activity,
                                std::type_identity_t<In> input, RetryPolicy policy,
                                CallOptions options = CallOptions()) {
  for (std::uint32_t attempt = 1;; ++attempt) {
    std::optional<Result<Out>> result;
    if (policy.timeout()) {
      result = co_await internal::CallWithTimeout<Out, In>(ctx, activity, input, *policy.timeout(),
                                                           options);
    } else {
      result = co_await ctx.Call(activity, input, options);
    }
    if (result->ok() || attempt >= policy.attempts() || !policy.Retries(result->status())) {
      co_return *std::move(result);
    }
    std::string text = "attempt " + std::to_string(attempt) + " of activity '";
    text.append(activity.name()).append("' failed: ").append(result->status().ToString());
    ctx.Log(LogLevel::kWarning, text);
    const RetryPolicy::Duration delay = policy.DelayAfter(attempt);
    if (delay > RetryPolicy::Duration(0)) co_await ctx.Sleep(delay);
  }
}

}  // namespace duroxide
