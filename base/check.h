#pragma once

// TANDEM_CHECK(condition, message) aborts the process when the condition does not hold, in every
// build. It is for bugs on either side of a boundary, never for bad input.

namespace tandem::internal {
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition,
                              const char* message);
}  // namespace tandem::internal

#define TANDEM_CHECK(condition, message)                                        \
  do {                                                                          \
    if (!(condition)) [[unlikely]] {                                            \
      ::tandem::internal::CheckFailed(__FILE__, __LINE__, #condition, message); \
    }                                                                           \
  } while (false)

// A precondition of the callee: the REQUIRES of its comment, where a machine can tell. A bug of the
// caller, checked in the builds with a sanitizer, where all tests run; elsewhere not evaluated.
#ifdef TANDEM_CHECK_REQUIRES
#define TANDEM_REQUIRE(condition, message) TANDEM_CHECK(condition, message)
#else
#define TANDEM_REQUIRE(condition, message) static_cast<void>(sizeof(!(condition)))
#endif
