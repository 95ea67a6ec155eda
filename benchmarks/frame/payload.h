#pragma once

// What the messages and events of the benchmarks hold: bytes that don't compress, so that tables
// are as large as what was written.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tandem::benchmarks {

constexpr std::size_t kPayloadBytes = 200;  // of a message, of an event

// The payload of the n-th; always the same for one n. Valid forever; thread-safe.
std::string_view Payload(std::uint64_t n);

}  // namespace tandem::benchmarks
