#pragma once

// Everything that event sourcing takes: events and their envelopes, repositories of aggregates,
// projections, and consumers of queues. Link tandem::sourcing; needs nlohmann-json.

#include "tandem/sourcing/changes.h"             // IWYU pragma: export
#include "tandem/sourcing/consumer.h"            // IWYU pragma: export
#include "tandem/sourcing/envelope.h"            // IWYU pragma: export
#include "tandem/sourcing/event.h"               // IWYU pragma: export
#include "tandem/sourcing/projection.h"          // IWYU pragma: export
#include "tandem/sourcing/repository.h"          // IWYU pragma: export
#include "tandem/sourcing/repository_options.h"  // IWYU pragma: export
#include "tandem/sourcing/upcasters.h"           // IWYU pragma: export
#include "tandem/sourcing/view.h"                // IWYU pragma: export
