#pragma once

// A Guarded<T> is a T that can't be reached without its lock:
//   Guarded<std::map<...>> index;
//   index.Lock()->insert(...);                // one access
//   auto locked = index.Lock(); locked->...;  // several, until `locked` goes away

#include <mutex>
#include <utility>

namespace tandem {

template <typename T>
class Guarded {
  template <typename Value>
  class BasicLocked {
   public:
    Value* operator->() const { return value_; }
    Value& operator*() const { return *value_; }

   private:
    friend class Guarded;
    BasicLocked(std::mutex& mutex, Value& value) : lock_(mutex), value_(&value) {}
    std::unique_lock<std::mutex> lock_;
    Value* value_;
  };

 public:
  using Locked = BasicLocked<T>;
  using ConstLocked = BasicLocked<const T>;

  template <typename... Args>
  explicit Guarded(Args&&... args) : value_(std::forward<Args>(args)...) {}

  [[nodiscard]] Locked Lock() { return Locked(mutex_, value_); }
  [[nodiscard]] ConstLocked Lock() const { return ConstLocked(mutex_, value_); }

 private:
  mutable std::mutex mutex_;
  T value_;
};

}  // namespace tandem
