#pragma once

namespace duroxide::internal {

// Blocks until the process gets SIGINT or SIGTERM. Of several that wait each returns. Meanwhile the
// calling thread takes these signals also where it has blocked them; afterwards handlers and mask
// are as before. Thread-safe.
void AwaitStopSignal();

}  // namespace duroxide::internal
