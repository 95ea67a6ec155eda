#pragma once

#include <chrono>
#include <ratio>

namespace tandem::measuring {

// Measures from its construction.
class Stopwatch {
 public:
  double Seconds() const { return Since<std::ratio<1>>(); }
  double Millis() const { return Since<std::milli>(); }
  double Micros() const { return Since<std::micro>(); }

 private:
  template <typename Ratio>
  double Since() const {
    return std::chrono::duration<double, Ratio>(std::chrono::steady_clock::now() - start_).count();
  }

  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace tandem::measuring
