#pragma once

// How often which latency was met, in memory that does not grow with the number of samples. Buckets
// are log-linear, as in HdrHistogram (Gil Tene, http://hdrhistogram.org, the C form at
// https://github.com/HdrHistogram/HdrHistogram_c): each power of two is divided into the same
// number of equal buckets, so that the width of a bucket is a fixed part of its value.
// docs/decisions/measuring.md says why it is our own.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tandem::bench {

// A value; not thread-safe.
class LatencyHistogram {
 public:
  // A power of two has 1024 buckets: a value is known to one part in 1024.
  static constexpr unsigned kPrecisionBits = 10;
  // About three hours; what is longer counts as that long.
  static constexpr std::uint64_t kNanosMax = (std::uint64_t{1} << 43) - 1;

  void Add(std::uint64_t nanos);
  void Add(const LatencyHistogram& other);

  std::uint64_t count() const { return count_; }

  // The least value that so many of the samples don't exceed: the ceil(part * count)-th of the
  // sorted samples, as the largest value of its bucket, but never above the largest sample.
  // 0 without samples. REQUIRES: 0 <= part <= 1
  std::uint64_t NanosAt(double part) const;
  std::uint64_t max() const { return max_; }  // exactly

  struct Bucket {
    std::uint64_t nanos_max = 0;  // the largest value that counts here
    std::uint64_t count = 0;
  };
  // Those that are not empty, in order, with 1 << bits buckets to a power of two.
  // REQUIRES: bits <= kPrecisionBits
  std::vector<Bucket> Buckets(unsigned bits) const;

 private:
  std::vector<std::uint64_t> counts_;  // by bucket; as long as the largest value needs
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace tandem::bench
