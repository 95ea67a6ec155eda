#pragma once

// How a client starts an instance where a runtime can run its first turn at once. A client of a
// runtime has one of these, and no other has.

#include <optional>

#include "tandem/duroxide_runtime/internal/store/instance_operations.h"
#include "tandem/duroxide_runtime/status.h"

namespace duroxide::internal {

// Thread-safe.
class FusedStarts {
 public:
  // Starts an instance together with its first turn, in one batch. nullopt if that is not possible
  // here and now: then it is started by a message (AddStart). Errors: AlreadyExists; Conflict (an
  // instance of the id was deleted meanwhile); those of the store.
  virtual std::optional<Status> Start(const NewInstance& instance) = 0;

 protected:
  ~FusedStarts() = default;
};

}  // namespace duroxide::internal
