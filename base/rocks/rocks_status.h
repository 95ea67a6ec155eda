#pragma once

#include <rocksdb/slice.h>
#include <rocksdb/status.h>

#include <string_view>

#include "tandem/base/status.h"

namespace tandem {

// What RocksDB reported, in our codes. `where` names what was being done, e.g. "read of events".
Status FromRocks(const rocksdb::Status& status, std::string_view where);

inline rocksdb::Slice ToSlice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
inline std::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

}  // namespace tandem
