#pragma once

// What a run of tandem-bench measures: a sweep over shapes of batches, each of them in Tandem and
// in the stores beside it.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tandem/base/durability.h"

namespace tandem::bench {

// The limits of a plan, so that every one can be held in memory.
constexpr std::uint64_t kPerBatchMax = 10'000;  // events, messages
constexpr std::uint64_t kCallersMax = 1024;
constexpr std::uint64_t kBatchesMax = 1'000'000;   // of each caller
constexpr std::uint64_t kSamplesMax = 10'000'000;  // batches of all callers in a run
constexpr std::uint64_t kRunsMax = 100;
constexpr std::size_t kShapesMax = 10'000;

enum class StoreKind : std::uint8_t { kTandem, kRocksDb, kSqlite };
std::string_view NameOf(StoreKind store);  // as flags and reports say it: "rocksdb"

// One kind of batch, and who commits it.
struct Shape {
  std::uint64_t events = 1;
  std::uint64_t messages = 1;
  std::size_t bytes = 200;  // of each event and each message
  int callers = 1;          // threads that commit at the same time
  Durability durability = Durability::kSync;
};

std::string BatchInWords(const Shape& shape);    // "10 events + 1 message"
std::string_view NameOf(Durability durability);  // "sync", "buffered"

enum class Format : std::uint8_t { kTable, kJson, kCsv };

struct Plan {
  std::vector<std::uint64_t> events = {1, 10};
  std::vector<std::uint64_t> messages = {1};
  std::vector<std::uint64_t> bytes = {200};
  std::vector<std::uint64_t> callers = {1};
  std::vector<Durability> durabilities = {Durability::kSync, Durability::kBuffered};
  std::vector<StoreKind> beside = {};     // without Tandem, which is always measured
  std::filesystem::path directory = ".";  // where the directory of the run is made
  std::uint64_t batches = 0;              // of each caller, store and run; 0: see BatchesOf
  std::uint64_t runs = 3;                 // of each shape, on new stores
  Format format = Format::kTable;
  std::filesystem::path plot = {};  // an SVG file; empty: none
  bool quiet = false;
};

// In the order in which they are measured and reported.
std::vector<Shape> ShapesOf(const Plan& plan);

// Tandem and what stands beside it.
std::vector<StoreKind> StoresOf(const Plan& plan);

// How many batches each caller commits to each store in a run, besides the warm-up. By default
// 1,000 of all callers together, but at least 100 of each; ten times as many if they aren't
// flushed.
std::uint64_t BatchesOf(const Plan& plan, const Shape& shape);

}  // namespace tandem::bench
