#pragma once

// Where a run keeps its stores: a new directory of its own, so that nothing that exists is touched.

#include <filesystem>

#include "tandem/base/result.h"

namespace tandem::bench {

// Removes itself and everything in it at the end.
class WorkDirectory {
 public:
  // Makes tandem-bench.XXXXXX in `where`. NotFound if there is no such directory, InvalidArgument
  // if it is something else, or a store, or in one; NoSpace, IoError.
  static Result<WorkDirectory> Make(const std::filesystem::path& where);

  WorkDirectory(WorkDirectory&& other) noexcept;
  WorkDirectory& operator=(WorkDirectory&&) = delete;
  ~WorkDirectory();

  const std::filesystem::path& path() const { return path_; }

 private:
  explicit WorkDirectory(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;  // empty: moved from
};

}  // namespace tandem::bench
