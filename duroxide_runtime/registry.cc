#include "duroxide_runtime/registry.h"

#include "duroxide_runtime/limits.h"

namespace duroxide {

namespace internal {

Status BadInput(std::string_view what, std::string_view name, const Status& reason) {
  return Status::InvalidArgument("the input of " + std::string(what) + " '" + std::string(name) +
                                 "' can't be decoded: " + reason.message());
}

Task<Result<std::string>> FailedTask(Status status) { co_return status; }

}  // namespace internal

void Registry::Note(Status mistake) {
  if (status_.ok()) status_ = std::move(mistake);
}

void Registry::AddActivity(std::string name, ActivityHandler handler) {
  if (const Status status = tandem::CheckName("activity name", name); !status.ok()) Note(status);
  if (!activities_.emplace(name, std::move(handler)).second) {
    Note(Status::InvalidArgument("activity '" + name + "' is registered twice"));
  }
}

void Registry::AddOrchestration(std::string name, OrchestrationHandler handler) {
  if (const Status status = tandem::CheckName("orchestration name", name); !status.ok()) {
    Note(status);
  }
  if (!orchestrations_.emplace(name, std::move(handler)).second) {
    Note(Status::InvalidArgument("orchestration '" + name + "' is registered twice"));
  }
}

const ActivityHandler* Registry::FindActivity(std::string_view name) const {
  const auto found = activities_.find(name);
  return found == activities_.end() ? nullptr : &found->second;
}

const OrchestrationHandler* Registry::FindOrchestration(std::string_view name) const {
  const auto found = orchestrations_.find(name);
  return found == orchestrations_.end() ? nullptr : &found->second;
}

std::vector<std::string> Registry::OrchestrationNames() const {
  std::vector<std::string> names;
  for (const auto& [name, handler] : orchestrations_) names.push_back(name);
  return names;
}

}  // namespace duroxide
