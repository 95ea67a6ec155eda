#pragma once

// How the calls of the runtime report: the Status and the Result of Tandem, under their short names
// here. The one place that brings them into this namespace.

#include "tandem/base/result.h"
#include "tandem/base/status.h"

namespace duroxide {

using tandem::Result;
using tandem::Status;
using tandem::StatusCode;

}  // namespace duroxide
