#pragma once

// Limits of the runtime, in bytes, checked before anything is stored.

#include <cstddef>

namespace duroxide {

// An instance id becomes part of message keys, escaped and with two numbers behind it.
constexpr std::size_t kInstanceIdBytesMax = 256;

// Names of orchestrations, activities, external events, steps and patches, and keys of the
// key-value map. They too become part of keys.
constexpr std::size_t kNameBytesMax = 256;

// An input, an output, the payload of an external event. Leaves room for the envelope around it.
constexpr std::size_t kValueBytesMax = std::size_t{8} << 20;

// The message of a failure; longer ones are cut. Of a chain of causes the nearest are kept.
constexpr std::size_t kFailureBytesMax = std::size_t{64} << 10;
constexpr std::size_t kFailureCausesMax = 8;

// The tag of an activity: it is part of a queue's name, and neither "dead" nor ends in "/dead".
constexpr std::size_t kTagBytesMax = 256;

// What a heartbeat of an activity stores.
constexpr std::size_t kProgressBytesMax = std::size_t{64} << 10;

constexpr std::size_t kCustomStatusBytesMax = std::size_t{256} << 10;

// Of an instance's key-value map. A key is a name.
constexpr std::size_t kKvKeysMax = 150;
constexpr std::size_t kKvValueBytesMax = std::size_t{64} << 10;

// The events of an instance that nobody has read yet: how many, and bytes of their names and
// payloads together; fewer bytes where an execution hands them on because it continues as new. An
// instance that has more fails with TooLarge: it is sent what it does not read.
constexpr std::size_t kUnreadEventsMax = 100'000;
constexpr std::size_t kUnreadBytesMax = std::size_t{64} << 20;
constexpr std::size_t kUnreadCarriedBytesMax = std::size_t{4} << 20;

// What an orchestration asks for between two awaits, i.e. in answer to one input: operations, and
// bytes of their names and inputs together. Code that needs more starts them in portions. The
// answer to one input then fits into a batch, unless it is about the largest of everything at once,
// or about thousands of children, each of which takes a dozen operations: then no batch can hold
// it, and the instance ends as failed with TooLarge. The answers to several inputs are split.
constexpr std::size_t kStepOperationsMax = 10'000;
constexpr std::size_t kStepBytesMax = std::size_t{16} << 20;

// What an orchestration has in the air at a time: activities, timers and waits without a result.
// One turn can cancel them all.
constexpr std::size_t kOpenOperationsMax = 12'000;

// An instance with all that descends from it, as it is walked for a list or for its deletion.
constexpr std::size_t kTreeInstancesMax = 100'000;

}  // namespace duroxide
