#pragma once

// Everything that event sourcing takes: types of events, their envelopes, and upcasters. Link
// tandem::sourcing; needs nlohmann-json.

#include "tandem/sourcing/envelope.h"   // IWYU pragma: export
#include "tandem/sourcing/event.h"      // IWYU pragma: export
#include "tandem/sourcing/upcasters.h"  // IWYU pragma: export
