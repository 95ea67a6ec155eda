#include "tandem/duroxide_runtime/registry.h"

#include <iterator>

#include "tandem/duroxide_runtime/internal/engine/names.h"

namespace duroxide {

namespace internal {

Status BadInput(std::string_view what, std::string_view name, const Status& reason) {
  return Status::InvalidArgument("the input of " + std::string(what) + " '" + std::string(name) +
                                 "' can't be decoded: " + reason.message());
}

Task<Result<std::string>> FailedTask(Status status) { co_return status; }

}  // namespace internal

void Registry::Note(Status mistake) {
  if (mistake_.ok()) mistake_ = std::move(mistake);
}

Registry& Registry::AddActivity(std::string name, ActivityHandler handler) {
  if (const Status status = internal::CheckName("activity name", name); !status.ok()) Note(status);
  if (!activities_.emplace(name, std::move(handler)).second) {
    Note(Status::InvalidArgument("activity '" + name + "' is registered twice"));
  }
  return *this;
}

Registry& Registry::AddOrchestration(const std::string& name, OrchestrationVersion version,
                                     OrchestrationHandler handler) {
  if (const Status status = internal::CheckName("orchestration name", name); !status.ok()) {
    Note(status);
  }
  if (!orchestrations_[name].emplace(version, std::move(handler)).second) {
    Note(Status::InvalidArgument("orchestration '" + name + "' " + version.ToString() +
                                 " is registered twice"));
  }
  return *this;
}

Registry& Registry::Pin(std::string_view orchestration, OrchestrationVersion version) {
  pinned_.insert_or_assign(std::string(orchestration), version);
  return *this;
}

Status Registry::status() const {
  if (!mistake_.ok()) return mistake_;
  for (const auto& [name, version] : pinned_) {
    if (FindOrchestration(name, version)) continue;
    return Status::InvalidArgument("orchestration '" + name + "' is pinned to version " +
                                   version.ToString() + ", which is not registered");
  }
  return Status::Ok();
}

const ActivityHandler* Registry::FindActivity(std::string_view name) const {
  const auto found = activities_.find(name);
  return found == activities_.end() ? nullptr : &found->second;
}

std::optional<Registry::Resolved> Registry::FindOrchestration(
    std::string_view name, const std::optional<OrchestrationVersion>& version) const {
  const auto found = orchestrations_.find(name);
  if (found == orchestrations_.end()) return std::nullopt;
  const auto& versions = found->second;
  // The newest. There is one: a name is only added together with a version.
  auto chosen = std::prev(versions.end());
  if (version) {
    chosen = versions.find(*version);
  } else if (const auto pin = pinned_.find(name); pin != pinned_.end()) {
    chosen = versions.find(pin->second);
  }
  if (chosen == versions.end()) return std::nullopt;
  return Resolved{chosen->first, &chosen->second};
}

std::vector<std::string> Registry::OrchestrationNames() const {
  std::vector<std::string> names;
  for (const auto& [name, handler] : orchestrations_) names.push_back(name);
  return names;
}

std::vector<OrchestrationVersion> Registry::VersionsOf(std::string_view orchestration) const {
  std::vector<OrchestrationVersion> versions;
  const auto found = orchestrations_.find(orchestration);
  if (found == orchestrations_.end()) return versions;
  for (const auto& [version, handler] : found->second) versions.push_back(version);
  return versions;
}

}  // namespace duroxide
