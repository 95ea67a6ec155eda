#include "tandem/duroxide_runtime/internal/engine/determinism.h"

#include <cstdio>

namespace duroxide::internal {

namespace {

// The finaliser of SplitMix64: every bit of the input moves every bit of the output.
std::uint64_t Mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

std::uint64_t Mix(std::string_view bytes) {
  std::uint64_t hash = bytes.size();
  for (const char c : bytes) hash = Mix(hash ^ static_cast<unsigned char>(c));
  return hash;
}

// What keeps the streams of numbers that come of one base apart.
constexpr std::uint64_t kRandomStream = 0x52616e646f6d;
constexpr std::uint64_t kSeedStream = 0x53656564;
constexpr std::uint64_t kChildStream = 0x4368696c64;

}  // namespace

Determinism::Determinism(std::string_view instance, std::uint64_t execution, std::uint64_t seed)
    : base_(Mix(seed ^ Mix(instance)) ^ Mix(execution)) {}

std::string Determinism::NewUuid() {
  const std::uint64_t number = uuids_++;
  const std::uint64_t high = Mix(base_ + 2 * number);
  const std::uint64_t low = Mix(Mix(base_) + 2 * number + 1);
  char text[37];
  std::snprintf(text, sizeof(text), "%08x-%04x-4%03x-%04x-%012llx",
                static_cast<unsigned>(high >> 32), static_cast<unsigned>((high >> 16) & 0xffff),
                static_cast<unsigned>(high & 0xfff),
                static_cast<unsigned>(0x8000 | ((low >> 48) & 0x3fff)),
                static_cast<unsigned long long>(low & 0xffffffffffff));
  return text;
}

std::uint64_t Determinism::NewRandom() { return Mix(Mix(base_ ^ kRandomStream) + randoms_++); }

std::uint64_t Determinism::ForChild(std::uint64_t number) const {
  return Mix(Mix(base_ ^ kChildStream) + number);
}

std::uint64_t Determinism::NextSeed() const { return Mix(base_ ^ kSeedStream); }

}  // namespace duroxide::internal
