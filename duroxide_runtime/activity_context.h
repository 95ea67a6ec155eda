#pragma once

// What an activity knows about its call. Activities are ordinary blocking code on a thread of the
// runtime, and may do anything; they run at least once, so what they do should bear repetition.

#include <cstdint>
#include <stop_token>
#include <string>
#include <utility>

namespace duroxide {

class ActivityContext {
 public:
  ActivityContext(std::string instance, std::uint64_t execution, std::uint64_t id,
                  std::uint32_t delivery_count, std::stop_token stop)
      : instance_(std::move(instance)),
        execution_(execution),
        id_(id),
        delivery_count_(delivery_count),
        stop_(std::move(stop)) {}

  // (instance, execution, id) names the call: the same for every delivery, and so a good key to
  // make the outside effect happen once.
  const std::string& instance() const { return instance_; }
  std::uint64_t execution() const { return execution_; }
  std::uint64_t id() const { return id_; }

  // 1 for the first attempt. More: an earlier one was cut off, or its result was lost.
  std::uint32_t delivery_count() const { return delivery_count_; }

  // Requested when the result is no longer wanted: the call was cancelled, or its lease was lost to
  // somebody else. What the activity returns then is dropped.
  const std::stop_token& stop_token() const { return stop_; }

 private:
  std::string instance_;
  std::uint64_t execution_;
  std::uint64_t id_;
  std::uint32_t delivery_count_;
  std::stop_token stop_;
};

}  // namespace duroxide
