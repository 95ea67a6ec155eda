#pragma once

// Everything that writing and running orchestrations takes.

#include "duroxide_runtime/cancellation.h"  // IWYU pragma: export
#include "duroxide_runtime/client.h"        // IWYU pragma: export
#include "duroxide_runtime/context.h"       // IWYU pragma: export
#include "duroxide_runtime/or_fail.h"       // IWYU pragma: export
#include "duroxide_runtime/registry.h"      // IWYU pragma: export
#include "duroxide_runtime/retry.h"         // IWYU pragma: export
#include "duroxide_runtime/runtime.h"       // IWYU pragma: export
#include "duroxide_runtime/task.h"          // IWYU pragma: export
#include "duroxide_runtime/when.h"          // IWYU pragma: export
