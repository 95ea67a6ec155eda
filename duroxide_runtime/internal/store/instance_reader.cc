#include "tandem/duroxide_runtime/internal/store/instance_reader.h"

#include <utility>

#include "tandem/duroxide_runtime/internal/records/history.h"
#include "tandem/duroxide_runtime/internal/records/status_record.h"

namespace duroxide::internal {

namespace {

// How often an instance may lose its latest execution while it is read.
constexpr int kLookUpsMax = 16;

std::string NameEvent(std::string_view instance, std::uint64_t execution, EventId id) {
  return "history event " + std::to_string(id) + " of execution " + std::to_string(execution) +
         " of instance '" + std::string(instance) + "'";
}

// Nothing can be written to the partitions of a life that was deleted; the home of the next is the
// one behind them.
std::uint64_t FirstExecutionAfter(const std::optional<tandem::PartitionHead>& tombstone) {
  return tombstone ? tombstone->partition + 2 : kFirstExecution;
}

Result<std::optional<StoredStatus>> ReadStatusAt(tandem::Provider& provider,
                                                 std::string_view instance,
                                                 std::uint64_t first_execution) {
  TANDEM_ASSIGN_OR_RETURN(std::optional<std::string> bytes,
                          provider.GetMetadata(HomeStream(instance, first_execution), kStatusKey));
  if (!bytes) return std::nullopt;
  StoredStatus stored;
  stored.first_execution = first_execution;
  TANDEM_ASSIGN_OR_RETURN(
      stored.status, DecodeStatus(*bytes, "status of instance '" + std::string(instance) + "'"));
  stored.bytes = *std::move(bytes);
  return stored;
}

// nullopt when the execution is not there (any more).
Result<std::optional<std::uint64_t>> ReadFirstExecution(tandem::Provider& provider,
                                                        std::string_view instance,
                                                        std::uint64_t execution) {
  if (execution == kFirstExecution) return kFirstExecution;  // nothing was before
  tandem::ReadOptions options;
  options.from = 1;
  options.max_events = 1;
  TANDEM_ASSIGN_OR_RETURN(const tandem::EventPage page,
                          provider.Read(HistoryStream(instance, execution), options));
  const std::string where = NameEvent(instance, execution, 1);
  if (page.events.empty()) return std::nullopt;
  TANDEM_ASSIGN_OR_RETURN(const HistoryEvent event,
                          DecodeHistoryEvent(page.events.front().payload, where));
  const auto* started = std::get_if<Started>(&event.body);
  if (started == nullptr) return Status::Corruption(where, "the history does not begin there");
  if (started->first_execution == 0 || started->first_execution > execution) {
    return Status::Corruption(where, "its first execution is none before it");
  }
  return started->first_execution;
}

}  // namespace

Result<InstancePlace> FindInstance(tandem::Provider& provider, std::string_view instance) {
  std::uint64_t missing = 0;
  while (true) {
    TANDEM_ASSIGN_OR_RETURN(const std::optional<tandem::PartitionHead> latest,
                            provider.LatestPartition(InstanceEntity(instance)));
    InstancePlace place;
    if (!latest || latest->head == 0) {
      place.first_execution = FirstExecutionAfter(latest);
      place.execution = place.first_execution;
      return place;
    }
    TANDEM_ASSIGN_OR_RETURN(const std::optional<std::uint64_t> first,
                            ReadFirstExecution(provider, instance, latest->partition));
    if (first) {
      place.first_execution = *first;
      place.execution = latest->partition;
      place.head = latest->head;
      return place;
    }
    // Deleted between the two reads, so the latest is another now: partitions only grow.
    if (latest->partition == missing) {
      return Status::Corruption(NameEvent(instance, missing, 1), "missing");
    }
    missing = latest->partition;
  }
}

Result<std::optional<StoredStatus>> ReadStatus(tandem::Provider& provider,
                                               std::string_view instance) {
  TANDEM_ASSIGN_OR_RETURN(std::optional<StoredStatus> stored,
                          ReadStatusAt(provider, instance, kFirstExecution));
  if (stored) return stored;
  TANDEM_ASSIGN_OR_RETURN(const InstancePlace place, FindInstance(provider, instance));
  if (place.first_execution == kFirstExecution) return stored;
  return ReadStatusAt(provider, instance, place.first_execution);
}

Result<History> LoadHistory(tandem::Provider& provider, std::string_view instance,
                            std::uint64_t execution, tandem::Version head) {
  History history;  // grows with what is there: `head` may be damaged
  tandem::ReadOptions options;
  options.from = 1;
  while (history.size() < head) {
    TANDEM_ASSIGN_OR_RETURN(const tandem::EventPage page,
                            provider.Read(HistoryStream(instance, execution), options));
    if (page.events.empty()) {
      return Status::Corruption(NameEvent(instance, execution, history.size() + 1), "missing");
    }
    for (const tandem::Event& event : page.events) {
      TANDEM_ASSIGN_OR_RETURN(
          HistoryEvent decoded,
          DecodeHistoryEvent(event.payload, NameEvent(instance, execution, event.version)));
      history.push_back(std::move(decoded));
    }
    options.from = page.next;
  }
  return history;
}

Result<StoredInstance> LoadInstance(tandem::Provider& provider, std::string_view instance) {
  std::optional<std::uint64_t> unreadable;
  for (int look_up = 1;; ++look_up) {
    TANDEM_ASSIGN_OR_RETURN(const InstancePlace place, FindInstance(provider, instance));
    Result<History> history = LoadHistory(provider, instance, place.execution, place.head);
    if (history.ok()) return StoredInstance{place, *std::move(history)};
    // If it has gone between the two reads, the latest is another now: partitions only grow.
    const bool may_have_gone = history.status().code() == StatusCode::kCorruption &&
                               unreadable != place.execution && look_up < kLookUpsMax;
    if (!may_have_gone) return history.status();
    unreadable = place.execution;
  }
}

namespace {

// Entries of metadata whose keys begin with `kind` and `key_prefix`, by what follows `kind`.
Result<KvChanges> ReadEntries(tandem::Provider& provider, const tandem::StreamId& stream,
                              std::string_view kind, std::string_view key_prefix) {
  KvChanges entries;
  tandem::MetadataOptions options;
  options.prefix = std::string(kind).append(key_prefix);
  for (bool more = true; more;) {
    TANDEM_ASSIGN_OR_RETURN(const tandem::MetadataPage page,
                            provider.ReadMetadata(stream, options));
    for (const auto& [key, bytes] : page.entries) {
      std::string name = key.substr(kind.size());
      TANDEM_ASSIGN_OR_RETURN(
          std::optional<KvEntry> entry,
          DecodeKv(bytes, "key '" + name + "' in entity '" + stream.entity + "'"));
      entries.emplace(std::move(name), std::move(entry));
    }
    more = page.more;
    options.after = page.next;
  }
  return entries;
}

}  // namespace

Result<KvChanges> ReadKv(tandem::Provider& provider, const tandem::StreamId& stream,
                         std::string_view key_prefix) {
  return ReadEntries(provider, stream, kKvPrefix, key_prefix);
}

Result<std::optional<KvEntries>> ReadKvBefore(tandem::Provider& provider,
                                              const tandem::StreamId& stream) {
  TANDEM_ASSIGN_OR_RETURN(KvChanges stored, ReadEntries(provider, stream, kKvBeforePrefix, {}));
  if (stored.empty()) return std::nullopt;
  KvEntries entries;
  for (auto& [key, entry] : stored) {
    if (entry) entries.emplace(key, *std::move(entry));
  }
  return entries;
}

Result<IdClaims> ClaimIds(tandem::Provider& provider, const std::vector<std::string>& ids) {
  IdClaims claims;
  for (const std::string& id : ids) {
    TANDEM_ASSIGN_OR_RETURN(const InstancePlace place, FindInstance(provider, id));
    claims.first_executions.emplace(id, place.first_execution);
    bool taken = place.head > 0;
    if (!taken) {
      TANDEM_ASSIGN_OR_RETURN(const std::optional<StoredStatus> status,
                              ReadStatusAt(provider, id, place.first_execution));
      taken = status.has_value();
    }
    if (taken) claims.taken.insert(id);
  }
  return claims;
}

}  // namespace duroxide::internal
