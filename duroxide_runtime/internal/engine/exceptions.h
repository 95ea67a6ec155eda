#pragma once

// How what user code throws becomes something that can be stored.

#include <exception>
#include <string>
#include <string_view>

#include "tandem/duroxide_runtime/status.h"

namespace duroxide::internal {

// "activity 'charge'"
std::string NameOf(std::string_view kind, std::string_view name);

// Internal: "activity 'charge' threw: ...", or "... threw an exception that is no std::exception".
Status FailureOfException(std::string_view thrower, const std::exception_ptr& exception);

}  // namespace duroxide::internal
