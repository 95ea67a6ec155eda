#pragma once

// How failures of user code become something that can be stored.

#include <exception>

#include "base/status.h"

namespace duroxide::internal {

// Internal with its what(), or with "an exception that is no std::exception".
tandem::Status FailureOfException(const std::exception_ptr& exception);

}  // namespace duroxide::internal
