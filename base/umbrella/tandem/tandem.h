#pragma once

// Everything that using a store takes: OpenStore, events and messages, and the batches that change
// both. Link tandem::stores, or the library of the one provider that the program opens by its
// class.

#include "tandem/base/result.h"             // IWYU pragma: export
#include "tandem/base/status.h"             // IWYU pragma: export
#include "tandem/batch/batch.h"             // IWYU pragma: export
#include "tandem/batch/memory_provider.h"   // IWYU pragma: export
#include "tandem/batch/provider.h"          // IWYU pragma: export
#include "tandem/batch/provider_admin.h"    // IWYU pragma: export
#include "tandem/batch/rocksdb_provider.h"  // IWYU pragma: export
#include "tandem/providers/open_store.h"    // IWYU pragma: export
