#pragma once

// Who sees the request to cancel an instance. A coroutine enters a scope to wait for the request
// instead of being ended by it. A scope covers everything else its parent awaits. Only innermost
// scopes are notified, once each, in the order in which they were entered. An execution that is in
// no scope ends.
//
// Separate because it follows the nesting of the coroutines, which nothing else here looks at.

#include <optional>
#include <string>
#include <vector>

#include "tandem/duroxide_runtime/internal/coroutine/promise.h"
#include "tandem/duroxide_runtime/internal/coroutine/pump.h"
#include "tandem/duroxide_runtime/internal/engine/call_guard.h"

namespace duroxide::internal {

class CancellationScopes {
 public:
  // Both outlive the scopes.
  CancellationScopes(Pump& pump, CallGuard& guard) : pump_(pump), guard_(guard) {}
  CancellationScopes(const CancellationScopes&) = delete;
  CancellationScopes& operator=(const CancellationScopes&) = delete;

  // `waiter` is posted when the request comes.
  void Enter(PromiseBase& waiter) { scopes_.push_back(&waiter); }
  void Leave(const PromiseBase* waiter) { std::erase(scopes_, waiter); }

  // REQUIRES: no reason yet.
  void Request(std::string reason);
  // nullopt while nobody has asked.
  const std::optional<std::string>& reason() const { return reason_; }

 private:
  Pump& pump_;
  CallGuard& guard_;
  std::vector<PromiseBase*> scopes_;  // in the order of entering
  std::optional<std::string> reason_;
};

}  // namespace duroxide::internal
