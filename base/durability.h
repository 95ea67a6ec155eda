#pragma once

namespace tandem {

// What success of a write promises.
enum class Durability {
  kSync,      // flushed to the device: survives a power cut
  kBuffered,  // handed to the operating system: survives a crash of the process; see Flush()
};

}  // namespace tandem
