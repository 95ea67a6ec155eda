#include "tandem/sourcing/internal/aggregate_stream.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "tandem/base/check.h"
#include "tandem/base/record.h"
#include "tandem/sourcing/internal/numbers.h"
#include "tandem/sourcing/internal/sourcing_records.capnp.h"

namespace sourcing::internal {

using tandem::Expected;
using tandem::OperationFailure;
using tandem::StreamId;
using tandem::ToBytes;
using tandem::ToData;

namespace {

constexpr char kSnapshotKey[] = "sourcing/snapshot";
constexpr char kCommandsKey[] = "sourcing/commands";

std::string CommandKey(const std::string& command_id) { return "sourcing/command/" + command_id; }
std::string OrderKey(std::uint64_t number) { return "sourcing/order/" + SortedNumber(number); }

struct Command {
  std::uint64_t number = 0;
  Version first = 0;
  Version version = 0;
};

std::string EncodeCommand(const Command& command) {
  return tandem::EncodeRecord<CommandRecord>([&command](CommandRecord::Builder record) {
    record.setNumber(command.number);
    record.setFirst(command.first);
    record.setVersion(command.version);
  });
}

Result<Command> DecodeCommand(std::string_view bytes, const StreamId& stream) {
  Command command;
  TANDEM_RETURN_IF_ERROR(tandem::DecodeRecord<CommandRecord>(
      bytes, "a command of " + stream.entity, [&command](CommandRecord::Reader record) {
        command = {record.getNumber(), record.getFirst(), record.getVersion()};
      }));
  return command;
}

Status Deleted(const StreamId& stream) {
  return Status::NotFound(stream.entity +
                          " was deleted, and its id is used up: a new aggregate "
                          "takes a new one");
}

}  // namespace

bool LostARace(const Status& status) {
  if (status.code() != StatusCode::kConflict) return false;
  return std::ranges::all_of(status.failures(), [](const OperationFailure& failure) {
    return failure.status.code() == StatusCode::kConflict;
  });
}

AggregateStream::AggregateStream(tandem::Provider& store, std::string category,
                                 RepositorySettings settings)
    : store_(store), category_(std::move(category)), settings_(std::move(settings)) {
  TANDEM_CHECK(!category_.empty() && category_.find('/') == std::string::npos,
               "a category is not empty and has no '/'");
  TANDEM_CHECK(category_ != "projection", "streams of this category are those of projections");
}

void AggregateStream::SetSnapshotFields(const std::string& fields) {
  const std::string& name = settings_.snapshot_name;
  snapshot_type_ = (name.empty() ? category_ : name) + "(" + fields + ")";
}

Result<std::optional<Snapshot>> AggregateStream::ReadSnapshot(const std::string& id) {
  const StreamId stream = Name(id);
  TANDEM_ASSIGN_OR_RETURN(const auto bytes, store_.GetMetadata(stream, kSnapshotKey));
  if (!bytes.has_value()) return std::nullopt;
  Snapshot snapshot;
  std::string type;
  TANDEM_RETURN_IF_ERROR(tandem::DecodeRecord<SnapshotRecord>(
      *bytes, "the snapshot of " + stream.entity, [&](SnapshotRecord::Reader record) {
        type = ToBytes(record.getType());
        snapshot.version = record.getVersion();
        snapshot.state = ToBytes(record.getState());
      }));
  if (type == snapshot_type_) return snapshot;
  if (settings_.replace_snapshots) return std::nullopt;
  return BadSnapshot(id, "it is of the type " + type + ", the state is " + snapshot_type_);
}

Status AggregateStream::BadSnapshot(const std::string& id, const std::string& why) const {
  return Status::InvalidArgument("the snapshot of " + Name(id).entity + " can't be used: " + why +
                                 "; RepositoryOptions::ReplaceSnapshots() folds the events anew");
}

Status AggregateStream::ReadEvents(const std::string& id, Version after, const Visit& visit) {
  const StreamId stream = Name(id);
  tandem::ReadOptions options;
  for (Version next = after + 1;;) {
    options.from = next;
    TANDEM_ASSIGN_OR_RETURN(const auto page, store_.Read(stream, options));
    if (page.deleted) return Deleted(stream);
    if (page.first > next) {
      return Status::InvalidArgument(
          "the events of " + stream.entity + " below version " + std::to_string(page.first) +
          " were truncated, and no snapshot that can be used stands for them");
    }
    for (const tandem::Event& event : page.events) {
      const std::string where = "version " + std::to_string(event.version) + " of " + stream.entity;
      TANDEM_ASSIGN_OR_RETURN(Envelope envelope, DecodeEnvelope(event.payload, where));
      TANDEM_RETURN_IF_ERROR(settings_.upcasters.Apply(envelope, where));
      TANDEM_RETURN_IF_ERROR(visit(envelope, where));
    }
    next += page.events.size();
    if (page.events.empty() || next > page.head) return Status::Ok();
  }
}

Result<Position> AggregateStream::LastPosition(const std::string& id) {
  tandem::ReadOptions options;
  options.direction = tandem::Direction::kBackward;
  options.max_events = 1;
  TANDEM_ASSIGN_OR_RETURN(const auto page, store_.Read(Name(id), options));
  return page.events.empty() ? Position{0} : page.events.front().position;
}

Result<std::uint64_t> AggregateStream::ReadCommandCount(const std::string& id,
                                                        const std::string& command_id) {
  if (command_id.empty()) return std::uint64_t{0};
  const StreamId stream = Name(id);
  TANDEM_ASSIGN_OR_RETURN(const auto bytes, store_.GetMetadata(stream, kCommandsKey));
  if (!bytes.has_value()) return std::uint64_t{0};
  TANDEM_ASSIGN_OR_RETURN(const Command command, DecodeCommand(*bytes, stream));
  return command.number;
}

Result<std::optional<Changed>> AggregateStream::FindCommand(const std::string& id,
                                                            const std::string& command_id) {
  if (command_id.empty()) return std::nullopt;
  const StreamId stream = Name(id);
  TANDEM_ASSIGN_OR_RETURN(const auto bytes, store_.GetMetadata(stream, CommandKey(command_id)));
  if (!bytes.has_value()) return std::nullopt;
  TANDEM_ASSIGN_OR_RETURN(const Command command, DecodeCommand(*bytes, stream));
  Changed changed{command.first, command.version, 0, true};
  if (command.first > command.version) return changed;
  tandem::ReadOptions options;
  options.from = command.version;
  options.max_events = 1;
  TANDEM_ASSIGN_OR_RETURN(const auto page, store_.Read(stream, options));
  if (!page.events.empty()) changed.position = page.events.front().position;
  return changed;
}

Status AggregateStream::ForeignEvent(const std::string& id, const std::string& type,
                                     const std::string& known) const {
  return Status::InvalidArgument("'" + type + "' is no event of " + Name(id).entity +
                                 ", whose Events are " + known +
                                 ": add it to sourcing::Events<...>");
}

void AggregateStream::AddSnapshot(const internal::Commit& commit, Version version,
                                  tandem::Batch& batch) const {
  if (!commit.snapshot.has_value()) return;
  const std::string record =
      tandem::EncodeRecord<SnapshotRecord>([&](SnapshotRecord::Builder snapshot) {
        snapshot.setType(ToData(snapshot_type_));
        snapshot.setVersion(version);
        snapshot.setState(ToData(*commit.snapshot));
      });
  batch.UpdateMetadata(Name(commit.id), {{kSnapshotKey, record}});
}

Status AggregateStream::AddCommand(const internal::Commit& commit, std::size_t events,
                                   tandem::Batch& batch) {
  const StreamId stream = Name(commit.id);
  std::optional<std::string> before;
  if (commit.commands > 0) before = EncodeCommand({commit.commands});
  batch.CheckMetadata(stream, kCommandsKey, before);

  const std::uint64_t number = commit.commands + 1;
  const Command command{number, commit.version + 1, commit.version + events};
  std::map<std::string, std::string> set;
  set[kCommandsKey] = EncodeCommand({number});
  set[CommandKey(commit.command_id)] = EncodeCommand(command);
  set[OrderKey(number)] = commit.command_id;
  std::vector<std::string> erase;
  if (number > settings_.commands_kept) {
    const std::string oldest = OrderKey(number - settings_.commands_kept);
    TANDEM_ASSIGN_OR_RETURN(const auto forgotten, store_.GetMetadata(stream, oldest));
    erase.push_back(oldest);
    if (forgotten.has_value()) erase.push_back(CommandKey(*forgotten));
  }
  batch.UpdateMetadata(stream, std::move(set), std::move(erase));
  return Status::Ok();
}

Result<Changed> AggregateStream::Commit(const internal::Commit& commit, const Changes& changes) {
  const StreamId stream = Name(commit.id);
  if (changes.headers().size() > kEnvelopeHeadersMax) {
    return Status::TooLarge("an event has more than " + std::to_string(kEnvelopeHeadersMax) +
                            " headers");
  }
  std::vector<std::string> payloads;
  for (Envelope envelope : changes.events()) {
    const Version version = commit.version + payloads.size() + 1;
    envelope.id = stream.entity + "@" + std::to_string(version);
    envelope.correlation = changes.correlation();
    envelope.causation = commit.command_id;
    envelope.time = store_.clock().Now();
    envelope.headers = changes.headers();
    payloads.push_back(Encode(envelope));
  }

  const std::size_t events = payloads.size();
  Changed changed{commit.version + 1, commit.version + events, 0, false};
  tandem::Batch batch;
  std::optional<tandem::BatchHandle<tandem::AppendResult>> appended;
  if (events > 0) {
    appended = batch.Append(stream, std::move(payloads), Expected::Exactly(commit.version));
  } else if (!changes.also().empty() || !commit.command_id.empty()) {
    batch.CheckVersion(stream, Expected::Exactly(commit.version));
  } else {
    return changed;  // nothing is wanted
  }
  AddSnapshot(commit, changed.version, batch);
  if (!commit.command_id.empty()) TANDEM_RETURN_IF_ERROR(AddCommand(commit, events, batch));
  batch.Add(changes.also());
  TANDEM_ASSIGN_OR_RETURN(const tandem::BatchResult done, store_.AtomicBatch(std::move(batch)));
  if (appended.has_value()) changed.position = done[*appended].position;
  return changed;
}

}  // namespace sourcing::internal
