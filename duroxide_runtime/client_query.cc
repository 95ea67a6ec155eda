// What a client asks: statuses, waits, the key-value map, histories.

#include <optional>
#include <utility>

#include "tandem/duroxide_runtime/client.h"
#include "tandem/duroxide_runtime/internal/client/client_checks.h"
#include "tandem/duroxide_runtime/internal/client/instance_lookup.h"
#include "tandem/duroxide_runtime/internal/client/kv_reader.h"
#include "tandem/duroxide_runtime/internal/engine/names.h"
#include "tandem/duroxide_runtime/internal/records/history.h"
#include "tandem/duroxide_runtime/internal/store/instance_reader.h"
#include "tandem/duroxide_runtime/internal/store/layout.h"

namespace duroxide {

namespace {

using internal::Quoted;

// Waits until `is_it` holds of the status, or time is over.
template <typename Condition>
Result<InstanceStatus> WaitUntil(internal::InstanceWatch& watch, Condition is_it) {
  while (true) {
    TANDEM_ASSIGN_OR_RETURN(InstanceStatus status, watch.Look());
    if (is_it(status)) return status;
    TANDEM_ASSIGN_OR_RETURN(const bool changed, watch.AwaitChange());
    if (!changed) return watch.TimeIsOver(status);
  }
}

}  // namespace

Result<InstanceStatus> Client::GetStatus(std::string_view instance) const {
  TANDEM_RETURN_IF_ERROR(internal::CheckInstance(instance));
  TANDEM_ASSIGN_OR_RETURN(internal::StoredStatus stored, internal::LookUp(*provider_, instance));
  return std::move(stored.status);
}

Result<InstanceStatus> Client::WaitUntilFinished(std::string_view instance,
                                                 const WaitLimit& limit) const {
  TANDEM_RETURN_IF_ERROR(internal::CheckInstance(instance));
  internal::InstanceWatch watch(*provider_, instance, limit);
  return WaitUntil(watch, [](const InstanceStatus& status) { return status.finished(); });
}

Result<std::string> Client::WaitForOutput(std::string_view orchestration, std::string_view instance,
                                          const WaitLimit& limit) const {
  TANDEM_ASSIGN_OR_RETURN(InstanceStatus status, WaitUntilFinished(instance, limit));
  if (status.orchestration != orchestration) {
    return Status::InvalidArgument("instance " + Quoted(instance) + " runs orchestration " +
                                   Quoted(status.orchestration) + ", not " + Quoted(orchestration));
  }
  if (status.failure) return status.failure->ToStatus();
  return std::move(status.output);
}

Result<InstanceStatus> Client::WaitForCustomStatus(std::string_view instance,
                                                   std::uint64_t after_version,
                                                   const WaitLimit& limit) const {
  TANDEM_RETURN_IF_ERROR(internal::CheckInstance(instance));
  internal::InstanceWatch watch(*provider_, instance, limit);
  return WaitUntil(watch, [after_version](const InstanceStatus& status) {
    return status.custom_status.version > after_version || status.finished();
  });
}

Result<std::optional<std::string>> Client::GetKvEncoded(std::string_view instance,
                                                        std::string_view key) const {
  TANDEM_RETURN_IF_ERROR(internal::CheckInstance(instance));
  TANDEM_RETURN_IF_ERROR(internal::CheckName("key", key));
  TANDEM_ASSIGN_OR_RETURN(KvEntries entries, internal::ReadVisibleKv(*provider_, instance, key));
  const auto found = entries.find(key);
  if (found == entries.end()) return std::nullopt;
  return std::move(found->second.value);
}

Result<std::vector<KvItem>> Client::ListKv(std::string_view instance) const {
  TANDEM_RETURN_IF_ERROR(internal::CheckInstance(instance));
  TANDEM_ASSIGN_OR_RETURN(KvEntries entries, internal::ReadVisibleKv(*provider_, instance, {}));
  std::vector<KvItem> items;
  items.reserve(entries.size());
  for (auto& [key, entry] : entries) {
    items.push_back({key, std::move(entry.value), entry.updated_at});
  }
  return items;
}

Result<std::string> Client::WaitForKvEncoded(std::string_view instance, std::string_view key,
                                             const WaitLimit& limit) const {
  TANDEM_RETURN_IF_ERROR(internal::CheckInstance(instance));
  TANDEM_RETURN_IF_ERROR(internal::CheckName("key", key));
  internal::InstanceWatch watch(*provider_, instance, limit);
  while (true) {
    TANDEM_ASSIGN_OR_RETURN(const InstanceStatus status, watch.Look());
    TANDEM_ASSIGN_OR_RETURN(std::optional<std::string> value, GetKvEncoded(instance, key));
    if (value) return *std::move(value);
    if (status.finished()) {
      return Status::InvalidArgument("instance " + Quoted(instance) + " has finished without key " +
                                     Quoted(key));
    }
    TANDEM_ASSIGN_OR_RETURN(const bool changed, watch.AwaitChange());
    if (!changed) return watch.TimeIsOver(status);
  }
}

Result<HistoryPage> Client::ReadHistory(std::string_view instance,
                                        const HistoryOptions& options) const {
  TANDEM_RETURN_IF_ERROR(internal::CheckInstance(instance));
  HistoryPage history;
  history.execution = options.execution;
  if (history.execution == 0) {
    TANDEM_ASSIGN_OR_RETURN(const internal::InstancePlace place,
                            internal::FindInstance(*provider_, instance));
    history.execution = place.execution;
  }
  history.first = options.from;
  tandem::ReadOptions read;
  read.from = options.from;
  read.max_events = options.max_events;
  read.wait = options.wait.value();
  read.stop = options.stop;
  TANDEM_ASSIGN_OR_RETURN(
      const tandem::EventPage page,
      provider_->Read(internal::HistoryStream(instance, history.execution), read));
  for (const tandem::Event& event : page.events) {
    const std::string where =
        "history event " + std::to_string(event.version) + " of instance " + Quoted(instance);
    TANDEM_ASSIGN_OR_RETURN(HistoryEvent decoded,
                            internal::DecodeHistoryEvent(event.payload, where));
    history.events.push_back(std::move(decoded));
  }
  history.next = page.next;
  history.ended = !history.events.empty() && internal::IsEnd(history.events.back().body);
  return history;
}

}  // namespace duroxide
