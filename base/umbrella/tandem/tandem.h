#pragma once

// Everything that using a store takes: a provider, events and messages, and the batches that change
// both. Link tandem::rocksdb_provider; for the provider in memory alone, tandem::batch is enough.

#include "tandem/base/result.h"             // IWYU pragma: export
#include "tandem/base/status.h"             // IWYU pragma: export
#include "tandem/batch/memory_provider.h"   // IWYU pragma: export
#include "tandem/batch/operation.h"         // IWYU pragma: export
#include "tandem/batch/provider.h"          // IWYU pragma: export
#include "tandem/batch/provider_admin.h"    // IWYU pragma: export
#include "tandem/batch/rocksdb_provider.h"  // IWYU pragma: export
