#include "tandem/tests/support/memory_faults.h"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <limits>
#include <new>

namespace tandem::testing {
namespace {

constexpr std::uint64_t kNone = std::numeric_limits<std::uint64_t>::max();

// How many more are given.
std::atomic<std::uint64_t> given = kNone;
std::atomic<std::uint64_t> refused = 0;
std::atomic<bool> refuses_later = false;

thread_local bool refuses_on_this_thread = false;

bool Refuses() {
  if (!refuses_on_this_thread) return false;
  std::uint64_t left = given;
  while (left != kNone) {
    if (left == 0) {
      if (!refuses_later && !given.compare_exchange_weak(left, kNone)) continue;
      ++refused;
      return true;
    }
    if (given.compare_exchange_weak(left, left - 1)) return false;
  }
  return false;
}

void* Allocate(std::size_t size) { return Refuses() ? nullptr : std::malloc(size); }

void* AllocateAligned(std::size_t size, std::align_val_t alignment) {
  const auto bytes = static_cast<std::size_t>(alignment);
  return Refuses() ? nullptr : std::aligned_alloc(bytes, (size + bytes - 1) / bytes * bytes);
}

void* OrThrow(void* memory) {
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void RefuseOnThisThread() { refuses_on_this_thread = true; }

RefusedMemory::RefusedMemory(std::uint64_t nth, bool and_later) {
  refused = 0;
  refuses_later = and_later;
  given = nth - 1;
}

RefusedMemory::~RefusedMemory() { given = kNone; }

std::uint64_t RefusedMemory::count() const { return refused; }

}  // namespace tandem::testing

// NOLINTBEGIN(cppcoreguidelines-no-malloc, misc-new-delete-overloads): they are new and delete.
using tandem::testing::Allocate;
using tandem::testing::AllocateAligned;
using tandem::testing::OrThrow;

void* operator new(std::size_t size) { return OrThrow(Allocate(size)); }
void* operator new[](std::size_t size) { return OrThrow(Allocate(size)); }
void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  return Allocate(size);
}
void* operator new[](std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  return Allocate(size);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  return OrThrow(AllocateAligned(size, alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return OrThrow(AllocateAligned(size, alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t /*size*/) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t /*size*/) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t /*alignment*/) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t /*alignment*/) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t /*size*/, std::align_val_t /*alignment*/) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t /*size*/,
                       std::align_val_t /*alignment*/) noexcept {
  std::free(memory);
}
// NOLINTEND(cppcoreguidelines-no-malloc, misc-new-delete-overloads)
