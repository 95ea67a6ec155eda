#pragma once

namespace tandem {

// What opening does where there is no store. Making one is said by name, so that a typing error in
// a path is NotFound and not an empty store.
enum class OpenMode {
  kOpenExisting,     // NotFound
  kCreateIfMissing,  // makes it, with the directories above
};

}  // namespace tandem
