#pragma once

// What all calls of a client check first, and words for their messages.

#include <cstddef>
#include <string>
#include <string_view>

#include "tandem/base/status.h"
#include "tandem/duroxide_runtime/instance_status.h"

namespace duroxide::internal {

inline std::string Quoted(std::string_view name) {
  return std::string(1, '\'').append(name).append("'");
}

inline tandem::Status CheckSize(std::string_view what, std::size_t bytes, std::size_t max) {
  if (bytes <= max) return tandem::Status::Ok();
  return tandem::Status::TooLarge("the " + std::string(what) + " has " + std::to_string(bytes) +
                                  " bytes, the limit is " + std::to_string(max));
}

inline tandem::Status NoInstance(std::string_view instance) {
  return tandem::Status::NotFound("there is no instance " + Quoted(instance));
}

inline tandem::Status HasFinished(std::string_view instance, InstanceState state) {
  return tandem::Status::InvalidArgument("instance " + Quoted(instance) + " has finished (" +
                                         std::string(InstanceStateName(state)) + ")");
}

}  // namespace duroxide::internal
