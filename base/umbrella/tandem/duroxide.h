#pragma once

// Everything that writing and running orchestrations takes.

#include "tandem/duroxide_runtime/cancellation.h"           // IWYU pragma: export
#include "tandem/duroxide_runtime/client.h"                 // IWYU pragma: export
#include "tandem/duroxide_runtime/context.h"                // IWYU pragma: export
#include "tandem/duroxide_runtime/or_fail.h"                // IWYU pragma: export
#include "tandem/duroxide_runtime/patterns/parallel_map.h"  // IWYU pragma: export
#include "tandem/duroxide_runtime/patterns/saga.h"          // IWYU pragma: export
#include "tandem/duroxide_runtime/patterns/with_timeout.h"  // IWYU pragma: export
#include "tandem/duroxide_runtime/registry.h"               // IWYU pragma: export
#include "tandem/duroxide_runtime/retry.h"                  // IWYU pragma: export
#include "tandem/duroxide_runtime/runtime.h"                // IWYU pragma: export
#include "tandem/duroxide_runtime/task.h"                   // IWYU pragma: export
#include "tandem/duroxide_runtime/when.h"                   // IWYU pragma: export
