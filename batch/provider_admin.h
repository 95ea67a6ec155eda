#pragma once

// What operators do with a store: look at it, count it, repair it, copy it. Nothing here is needed
// to use it.

#include <cstdint>
#include <filesystem>

#include "tandem/base/result.h"
#include "tandem/eventstore/event_admin.h"
#include "tandem/messagequeue/queue_admin.h"

namespace tandem {

struct VerifyReport {
  std::uint64_t entities = 0;
  std::uint64_t streams = 0;
  std::uint64_t events = 0;
  std::uint64_t queues = 0;  // that have messages
  std::uint64_t messages = 0;
  std::uint64_t batch_ids = 0;  // that are stored, also those that are too old and not dropped yet
};

// Thread-safe. Errors of what changes something are those of Provider::AtomicBatch too.
class ProviderAdmin : public EventAdmin, public QueueAdmin {
 public:
  // A copy of the whole store as it is at one moment, made while it is in use, as a store of its
  // own in a new directory: tokens of one mean nothing to the other. Missing directories above it
  // are made. Errors: InvalidArgument (an empty path), AlreadyExists (something bears that name).
  // Optional: Unsupported.
  virtual Status Checkpoint(const std::filesystem::path& directory) = 0;

  // Reads all there is and checks that it fits together: checksums, records, keys of no known kind,
  // versions without a hole, feed and streams, groups, keys, counts, batch ids. Corruption names
  // the first thing that does not.
  virtual Result<VerifyReport> Verify() = 0;
};

}  // namespace tandem
