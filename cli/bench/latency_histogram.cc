#include "tandem/cli/bench/latency_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "tandem/base/check.h"

namespace tandem::bench {

namespace {

// With p bits, values below 2^(p+1) have a bucket each. Above, the bucket of a value with p + 1 + s
// significant bits is made of its first p + 1 bits, and s says to which power of two it belongs:
// both ranges join without a gap.
std::size_t BucketOf(std::uint64_t value, unsigned bits) {
  const unsigned width = std::bit_width(value);
  const unsigned shift = width > bits + 1 ? width - bits - 1 : 0;
  return (static_cast<std::size_t>(shift) << bits) + (value >> shift);
}

std::uint64_t LargestIn(std::size_t bucket, unsigned bits) {
  const std::size_t power = bucket >> bits;
  const std::size_t shift = power > 1 ? power - 1 : 0;
  const std::uint64_t first_bits = bucket - (shift << bits);
  return ((first_bits + 1) << shift) - 1;
}

}  // namespace

void LatencyHistogram::Add(std::uint64_t nanos) {
  nanos = std::min(nanos, kNanosMax);
  const std::size_t bucket = BucketOf(nanos, kPrecisionBits);
  if (bucket >= counts_.size()) counts_.resize(bucket + 1);
  ++counts_[bucket];
  ++count_;
  max_ = std::max(max_, nanos);
}

void LatencyHistogram::Add(const LatencyHistogram& other) {
  counts_.resize(std::max(counts_.size(), other.counts_.size()));
  for (std::size_t i = 0; i < other.counts_.size(); ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
}

std::uint64_t LatencyHistogram::NanosAt(double part) const {
  TANDEM_REQUIRE(part >= 0 && part <= 1, "a part is between 0 and 1");
  const auto wanted = std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>(std::ceil(part * static_cast<double>(count_))));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen >= wanted) return std::min(LargestIn(i, kPrecisionBits), max_);
  }
  return max_;
}

std::vector<LatencyHistogram::Bucket> LatencyHistogram::Buckets(unsigned bits) const {
  TANDEM_REQUIRE(bits <= kPrecisionBits, "finer than what was kept");
  std::vector<Bucket> buckets;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    if (counts_[i] == 0) continue;
    const std::uint64_t largest = LargestIn(BucketOf(LargestIn(i, kPrecisionBits), bits), bits);
    if (buckets.empty() || buckets.back().nanos_max != largest) buckets.push_back({largest, 0});
    buckets.back().count += counts_[i];
  }
  return buckets;
}

}  // namespace tandem::bench
