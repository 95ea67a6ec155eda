#include "tandem/duroxide_runtime/internal/engine/cancellation_scopes.h"

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <utility>

#include "tandem/base/check.h"

namespace duroxide::internal {

namespace {

// Those of the scopes that enclose no other, in the same order.
std::vector<PromiseBase*> InnermostOf(const std::vector<PromiseBase*>& scopes) {
  std::unordered_map<const PromiseBase*, bool> encloses;  // by parent; looked up only
  for (const PromiseBase* scope : scopes) encloses.emplace(scope->parent(), false);
  for (const PromiseBase* scope : scopes) {
    const PromiseBase* outer = scope->parent()->parent();
    while (outer != nullptr && !encloses.contains(outer)) outer = outer->parent();
    if (outer != nullptr) encloses[outer] = true;
  }
  std::vector<PromiseBase*> innermost;
  std::ranges::copy_if(scopes, std::back_inserter(innermost),
                       [&](const PromiseBase* scope) { return !encloses[scope->parent()]; });
  return innermost;
}

}  // namespace

void CancellationScopes::Request(std::string reason) {
  TANDEM_CHECK(!reason_.has_value(), "only the first request to cancel counts");
  reason_ = std::move(reason);
  if (scopes_.empty()) {
    guard_.Fail(
        Failure::Of(Status::Cancelled("cancelled: " + *reason_), FailureCategory::kCancelled));
    return;
  }
  for (PromiseBase* scope : InnermostOf(scopes_)) pump_.Post(*scope);
  scopes_.clear();
}

}  // namespace duroxide::internal
