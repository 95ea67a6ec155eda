#pragma once

#include <filesystem>
#include <memory>

#include "tandem/base/result.h"
#include "tandem/cli/bench/measured_store.h"

namespace tandem::bench {

// The bare RocksDB database with the settings and column families of a Tandem store: one
// rocksdb::WriteBatch with a put for each event and each message. It checks nothing, and keeps no
// head, index, feed or envelope: the floor on which Tandem stands.
Result<std::unique_ptr<MeasuredStore>> MakeRocksStore(const std::filesystem::path& directory,
                                                      const Shape& shape);

}  // namespace tandem::bench
