#pragma once

// A store that takes batches of one shape, to be measured: Tandem, or one that does the same work
// beside it.

#include <filesystem>
#include <memory>

#include "tandem/base/result.h"
#include "tandem/cli/bench/plan.h"

namespace tandem::bench {

class MeasuredStore {
 public:
  virtual ~MeasuredStore() = default;
  MeasuredStore() = default;
  MeasuredStore(const MeasuredStore&) = delete;
  MeasuredStore& operator=(const MeasuredStore&) = delete;

  // Commits one batch: the shape's events on the caller's own stream, and its messages in the queue
  // that all callers share. Each caller is one thread, numbered from 0; several may call at once.
  virtual Status Commit(int caller) = 0;
};

// A new store in a directory that does not exist yet.
Result<std::unique_ptr<MeasuredStore>> MakeStore(StoreKind kind,
                                                 const std::filesystem::path& directory,
                                                 const Shape& shape);

}  // namespace tandem::bench
