#include "tandem/cli/interrupts.h"

#include <atomic>

namespace tandem::cli {

namespace {

// A handler has no object: this is all that it can reach.
std::atomic<bool> came = false;
static_assert(std::atomic<bool>::is_always_lock_free);

void Note(int /*signal*/) { came = true; }

}  // namespace

Interrupts::Interrupts() {
  came = false;
  struct sigaction action = {};
  action.sa_handler = Note;
  action.sa_flags = SA_RESTART;  // a store takes an interrupted write for a failed one
  for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &action, &before_[i]);
}

Interrupts::~Interrupts() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &before_[i], nullptr);
}

bool Interrupts::Came() const { return came; }

}  // namespace tandem::cli
