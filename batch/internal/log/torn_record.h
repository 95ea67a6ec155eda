#pragma once

// Tells the rest of a record that never was written whole from a record that was damaged later.
//
// A device writes sectors whole, in any order, and a file may grow before its bytes arrive. So of
// what was not flushed a power cut leaves some sectors, and zeros in place of the others, or an end
// of the file within a record. Damage is anything else, and also what one flipped bit or a wrong
// length explains: then everything was written.

#include <cstddef>
#include <string_view>

namespace tandem::internal {

// Why what stands at `at`, where no whole fragment begins, was damaged; nullptr if it may be torn.
const char* DamageAt(std::string_view log, std::size_t at);

// Whether the end of the log cuts it short.
bool IsCutShort(std::string_view log, std::size_t at);

}  // namespace tandem::internal
