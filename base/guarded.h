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
 public:
  class Locked {
   public:
    T* operator->() const { return value_; }
    T& operator*() const { return *value_; }

   private:
    friend class Guarded;
    Locked(std::mutex& mutex, T& value) : lock_(mutex), value_(&value) {}
    std::unique_lock<std::mutex> lock_;
    T* value_;
  };

  template <typename... Args>
  explicit Guarded(Args&&... args) : value_(std::forward<Args>(args)...) {}

  [[nodiscard]] Locked Lock() const { return Locked(mutex_, value_); }

 private:
  mutable std::mutex mutex_;
  mutable T value_;
};

}  // namespace tandem
