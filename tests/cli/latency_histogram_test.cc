#include "tandem/cli/bench/latency_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "tandem/tests/support/random_seed.h"

namespace tandem::bench {
namespace {

// Latencies as they are: most around 100 us, some ten thousand times as long.
std::vector<std::uint64_t> Latencies(std::size_t count, std::mt19937_64& random) {
  std::lognormal_distribution<double> nanos(std::log(100'000.0), 2.0);
  std::vector<std::uint64_t> samples(count);
  for (std::uint64_t& sample : samples) sample = static_cast<std::uint64_t>(nanos(random));
  return samples;
}

LatencyHistogram Of(const std::vector<std::uint64_t>& samples) {
  LatencyHistogram histogram;
  for (const std::uint64_t sample : samples) histogram.Add(sample);
  return histogram;
}

std::uint64_t Exactly(const std::vector<std::uint64_t>& sorted, double part) {
  const auto place = static_cast<std::size_t>(std::ceil(part * static_cast<double>(sorted.size())));
  return sorted[std::max<std::size_t>(place, 1) - 1];
}

TEST(LatencyHistogram, PercentilesAreThoseOfTheSortedSamplesToOnePartInAThousand) {
  std::mt19937_64 random(testing::TestSeed());
  for (const std::size_t count : {1, 2, 3, 10, 999, 1000, 100'000}) {
    std::vector<std::uint64_t> samples = Latencies(count, random);
    const LatencyHistogram histogram = Of(samples);
    std::ranges::sort(samples);
    for (const double part : {0.0, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0}) {
      const std::uint64_t exact = Exactly(samples, part);
      const std::uint64_t found = histogram.NanosAt(part);
      EXPECT_GE(found, exact) << part << " of " << count;
      EXPECT_LE(static_cast<double>(found - exact), static_cast<double>(exact) / 1024)
          << part << " of " << count;
    }
    EXPECT_EQ(histogram.max(), samples.back());
    EXPECT_EQ(histogram.count(), count);
  }
}

TEST(LatencyHistogram, SmallValuesAreExact) {
  LatencyHistogram histogram;
  for (std::uint64_t nanos = 0; nanos < 2048; ++nanos) histogram.Add(nanos);
  for (std::uint64_t nanos = 0; nanos < 2048; ++nanos) {
    EXPECT_EQ(histogram.NanosAt(static_cast<double>(nanos + 1) / 2048), nanos);
  }
}

TEST(LatencyHistogram, BucketsAtPowersOfTwoJoinWithoutAGap) {
  for (unsigned power = 1; power < 43; ++power) {
    const std::uint64_t first = std::uint64_t{1} << power;
    const LatencyHistogram histogram = Of({first - 1, first});
    const auto buckets = histogram.Buckets(LatencyHistogram::kPrecisionBits);
    ASSERT_EQ(buckets.size(), 2U) << power;
    EXPECT_EQ(buckets[0].nanos_max, first - 1) << power;
    EXPECT_GE(buckets[1].nanos_max, first) << power;
  }
}

TEST(LatencyHistogram, CoarseBucketsCountAllSamplesInOrder) {
  std::mt19937_64 random(testing::TestSeed());
  std::vector<std::uint64_t> samples = Latencies(10'000, random);
  const auto buckets = Of(samples).Buckets(3);
  std::ranges::sort(samples);
  std::uint64_t count = 0;
  for (const auto& bucket : buckets) {
    count += bucket.count;
    EXPECT_EQ(std::ranges::upper_bound(samples, bucket.nanos_max) - samples.begin(),
              static_cast<std::ptrdiff_t>(count))
        << bucket.nanos_max;
  }
  EXPECT_EQ(count, samples.size());
  EXPECT_LT(buckets.size(), 300U);
}

TEST(LatencyHistogram, AddedHistogramsAreThatOfAllSamples) {
  LatencyHistogram sum = Of({1, 5000});
  sum.Add(Of({300, 7'000'000}));
  EXPECT_EQ(sum.count(), 4U);
  EXPECT_EQ(sum.max(), 7'000'000U);
  EXPECT_EQ(sum.NanosAt(0.5), 300U);
}

TEST(LatencyHistogram, OfNothingIsZero) {
  const LatencyHistogram histogram;
  EXPECT_EQ(histogram.NanosAt(0.5), 0U);
  EXPECT_TRUE(histogram.Buckets(3).empty());
}

TEST(LatencyHistogram, TheLongestLatencyBoundsItsMemory) {
  LatencyHistogram histogram;
  histogram.Add(~std::uint64_t{0});
  EXPECT_EQ(histogram.max(), LatencyHistogram::kNanosMax);
  EXPECT_EQ(histogram.NanosAt(1), LatencyHistogram::kNanosMax);
}

}  // namespace
}  // namespace tandem::bench
