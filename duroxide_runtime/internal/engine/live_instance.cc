#include "tandem/duroxide_runtime/internal/engine/live_instance.h"

namespace duroxide::internal {

namespace {

// An estimate of an instance's coroutine frames, which can't be asked for their size.
constexpr std::size_t kFrameBytes = 4096;

}  // namespace

std::size_t LiveInstance::bytes() const {
  std::size_t bytes = kFrameBytes + execution->content_bytes();
  for (const auto& [key, entry] : execution->kv().entries()) {
    bytes += key.size() + entry.value.size();
  }
  return bytes;
}

}  // namespace duroxide::internal
