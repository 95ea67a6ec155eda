#include "tandem/tests/support/thread_faults.h"

#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <cerrno>
#include <limits>

// A sanitizer's own, which is in the executable, too; null where there is none.
extern "C" int __interceptor_pthread_create(  // NOLINT(bugprone-reserved-identifier): its name
    pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*), void* argument)
    __attribute__((weak));

namespace tandem::testing {
namespace {

using Create = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);

Create TheSystems() {
  if (__interceptor_pthread_create != nullptr) return &__interceptor_pthread_create;
  return reinterpret_cast<Create>(dlsym(RTLD_NEXT, "pthread_create"));
}

constexpr std::uint64_t kNone = std::numeric_limits<std::uint64_t>::max();

// How many more are given.
std::atomic<std::uint64_t> given = kNone;
std::atomic<std::uint64_t> refused = 0;

bool Refuses() {
  std::uint64_t left = given;
  while (left != kNone) {
    if (left == 0) {
      ++refused;
      return true;
    }
    if (given.compare_exchange_weak(left, left - 1)) return false;
  }
  return false;
}

}  // namespace

RefusedThreads::RefusedThreads(std::uint64_t nth) {
  refused = 0;
  given = nth - 1;
}

RefusedThreads::~RefusedThreads() { given = kNone; }

std::uint64_t RefusedThreads::count() const { return refused; }

}  // namespace tandem::testing

// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name)
extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                              void* (*start)(void*), void* argument) noexcept {
  if (tandem::testing::Refuses()) return EAGAIN;
  static const auto kCreate = tandem::testing::TheSystems();
  return kCreate(thread, attributes, start, argument);
}
// NOLINTEND(readability-inconsistent-declaration-parameter-name)
