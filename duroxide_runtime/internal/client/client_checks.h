#pragma once

// What all calls of a client check first, and words for their messages.

#include <cstddef>
#include <string>
#include <string_view>

#include "tandem/base/limits.h"
#include "tandem/duroxide_runtime/instance_status.h"
#include "tandem/duroxide_runtime/status.h"

namespace duroxide::internal {

inline std::string Quoted(std::string_view name) {
  return std::string(1, '\'').append(name).append("'");
}

inline Status CheckSize(std::string_view what, std::size_t bytes, std::size_t max) {
  if (bytes <= max) return Status::Ok();
  return tandem::OverLimit("the " + std::string(what), bytes, max);
}

inline Status NoInstance(std::string_view instance) {
  return Status::NotFound("there is no instance " + Quoted(instance));
}

inline Status HasFinished(std::string_view instance, InstanceState state) {
  return Status::InvalidArgument("instance " + Quoted(instance) + " has finished (" +
                                 std::string(InstanceStateName(state)) + ")");
}

}  // namespace duroxide::internal
