#pragma once

// What can be chosen when a store on RocksDB is opened.

#include <chrono>
#include <cstddef>

#include "tandem/base/clock.h"
#include "tandem/batch/open_mode.h"

namespace tandem {

struct RocksDbOptions {
  OpenMode mode = OpenMode::kOpenExisting;
  std::size_t block_cache_bytes = std::size_t{64} << 20;
  std::size_t write_buffer_bytes = std::size_t{64}
                                   << 20;  // per column family, of which there are 3
  Saturated<std::chrono::milliseconds> batch_id_retention = std::chrono::hours(24);
  Clock* clock = nullptr;  // null: a SystemClock of its own; else it outlives the provider
};

}  // namespace tandem
