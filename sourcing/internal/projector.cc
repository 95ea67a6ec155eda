#include "tandem/sourcing/internal/projector.h"

#include <algorithm>
#include <exception>
#include <utility>
#include <vector>

#include "tandem/base/record.h"
#include "tandem/sourcing/internal/numbers.h"
#include "tandem/sourcing/internal/sourcing_records.capnp.h"

namespace sourcing::internal {

using tandem::MutexLock;
using tandem::ToBytes;
using tandem::ToData;

namespace {

constexpr char kCheckpointKey[] = "checkpoint";
constexpr std::chrono::seconds kTroublePause(1);
// A batch is committed before it has more than these, so that it stays within what a store takes.
constexpr std::size_t kEntriesPerBatch = 10'000;
constexpr std::size_t kEntryBytesPerBatch = std::size_t{8} << 20;
// More in a row are no race: somebody has deleted the stream of the projection.
constexpr std::size_t kConflictsMax = 100;
constexpr std::size_t kRebuildAttemptsMax = 1000;

std::string ViewPrefix(std::uint64_t generation) {
  return "view/" + SortedNumber(generation) + "/";
}

std::string CodeOf(const std::string& category, const ProjectionSettings& settings,
                   const HandlerTable& table) {
  std::string code = "version " + settings.version + " of " + category + ":";
  for (const auto& [type, handler] : table.handlers) code += " " + type;
  return code;
}

std::string EncodeCheckpoint(Position position, std::uint64_t generation, const std::string& code) {
  return tandem::EncodeRecord<CheckpointRecord>([&](CheckpointRecord::Builder record) {
    record.setPosition(position);
    record.setGeneration(generation);
    record.setCode(ToData(code));
  });
}

}  // namespace

Projector::Projector(tandem::Provider& store, const std::string& name, const std::string& category,
                     ProjectionSettings settings, HandlerTable table)
    : store_(store),
      name_(name),
      stream_("projection/" + name),
      entity_prefix_(category + "/"),
      settings_(std::move(settings)),
      table_(std::move(table)),
      code_(CodeOf(category, settings_, table_)) {
  const MutexLock lock(stopping_);
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

void Projector::Stop() {
  const MutexLock lock(stopping_);
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  const MutexLock state_lock(mutex_);
  if (state_ == State::kFollows) failure_ = Status::Cancelled("the projection was stopped");
  state_ = State::kStopped;
  NotifyWaiters();
}

void Projector::Run(const std::stop_token& stop) {
  const tandem::NotifyOnStop wake_on_stop(stop, wake_);
  std::size_t conflicts = 0;
  while (!stop.stop_requested()) {
    bool failed = false;
    {
      const MutexLock lock(mutex_);
      failed = state_ == State::kFailed;
    }
    if (failed) {
      Pause(stop, tandem::kNever);
      continue;
    }
    const Status status = Step(stop);
    conflicts = status.code() == StatusCode::kConflict ? conflicts + 1 : 0;
    const bool raced = conflicts > 0 && conflicts < kConflictsMax;
    {
      const MutexLock lock(mutex_);
      if (!status.ok()) load_ = true;
      if (state_ == State::kFollows) {
        failure_ = raced ? Status::Ok() : status;
      }
    }
    if (!status.ok() && !raced) {
      Pause(stop, tandem::SaturatingAdd(store_.clock().Now(), kTroublePause));
    }
  }
}

void Projector::Pause(const std::stop_token& stop, Timestamp deadline) {
  if (!stop.stop_requested()) store_.clock().WaitUntil(wake_, deadline);
}

Status Projector::Step(const std::stop_token& stop) {
  bool load = false;
  {
    const MutexLock lock(mutex_);
    load = std::exchange(load_, false);
  }
  if (load) {
    TANDEM_RETURN_IF_ERROR(Load());
    const MutexLock lock(mutex_);
    if (state_ == State::kFailed) return Status::Ok();
  }
  return Follow(stop);
}

Result<Projector::Checkpoint> Projector::ReadCheckpoint(std::optional<std::string>& bytes) {
  TANDEM_ASSIGN_OR_RETURN(bytes, store_.GetMetadata(stream_, kCheckpointKey));
  Checkpoint checkpoint{0, 1, code_};
  if (!bytes.has_value()) return checkpoint;
  TANDEM_RETURN_IF_ERROR(
      tandem::DecodeRecord<CheckpointRecord>(*bytes, "the checkpoint of " + stream_.entity,
                                             [&checkpoint](CheckpointRecord::Reader record) {
                                               checkpoint.position = record.getPosition();
                                               checkpoint.generation = record.getGeneration();
                                               checkpoint.code = ToBytes(record.getCode());
                                             }));
  return checkpoint;
}

Status Projector::Load() {
  TANDEM_ASSIGN_OR_RETURN(at_, ReadCheckpoint(stored_));
  if (at_.code != code_) {
    Fail(Status::InvalidArgument("the view of the projection '" + name_ + "' was made by " +
                                 at_.code + "; its code is now " + code_ +
                                 ": call Rebuild(), or give the new code another name"));
    return Status::Ok();
  }
  TANDEM_RETURN_IF_ERROR(RemoveOldGenerations());
  Publish(at_);
  return Status::Ok();
}

Status Projector::RemoveOldGenerations() {
  const std::string current = ViewPrefix(at_.generation);
  tandem::MetadataOptions options;
  options.prefix = "view/";
  while (true) {
    TANDEM_ASSIGN_OR_RETURN(const auto page, store_.ReadMetadata(stream_, options));
    std::vector<std::string> old;
    for (const auto& [key, text] : page.entries) {
      if (key >= current) break;
      old.push_back(key);
    }
    const bool more = old.size() == page.entries.size() && page.more;
    if (!old.empty()) {
      tandem::Batch batch;
      batch.UpdateMetadata(stream_, {}, std::move(old));
      TANDEM_RETURN_IF_ERROR(store_.AtomicBatch(std::move(batch)).status());
    }
    if (!more) return Status::Ok();
    options.after = page.next;
  }
}

Status Projector::Follow(const std::stop_token& stop) {
  tandem::FeedOptions options;
  options.limit = settings_.events_per_batch;
  options.wait = std::chrono::hours::max();
  std::stop_source waiting;
  options.stop = waiting.get_token();
  {
    const MutexLock lock(mutex_);
    if (load_) return Status::Ok();
    waiting_ = waiting;
  }
  const std::stop_callback on_stop(stop, [&waiting] { waiting.request_stop(); });
  TANDEM_ASSIGN_OR_RETURN(const auto page, store_.ReadAll(at_.position, options));
  return HandlePage(page);
}

Status Projector::HandlePage(const tandem::FeedPage& page) {
  View view(store_, stream_, ViewPrefix(at_.generation));
  for (const tandem::FeedEvent& event : page.events) {
    if (const Status handled = HandleOne(event, view); !handled.ok()) {
      view.Drop();
      if (view.changed() > 0) TANDEM_RETURN_IF_ERROR(Commit(event.event.position - 1, view));
      Fail(handled);
      return Status::Ok();
    }
    view.Keep();
    if (view.changed() >= kEntriesPerBatch || view.changed_bytes() >= kEntryBytesPerBatch) {
      TANDEM_RETURN_IF_ERROR(Commit(event.event.position, view));
    }
  }
  // Where nothing has changed, storing the checkpoint only saves reading again.
  if (view.changed() > 0 || page.events.size() >= settings_.events_per_batch) {
    return Commit(page.next, view);
  }
  at_.position = page.next;
  Publish(at_);
  return Status::Ok();
}

// An error stops the projection: it is about this event.
Status Projector::HandleOne(const tandem::FeedEvent& event, View& view) {
  if (!event.stream.entity.starts_with(entity_prefix_)) return Status::Ok();
  const std::string where = "the projection '" + name_ + "' stopped before version " +
                            std::to_string(event.event.version) + " of " + event.stream.entity;
  Recorded recorded{event.stream, event.event.version, event.event.position,
                    event.event.appended_at};
  TANDEM_ASSIGN_OR_RETURN(recorded.envelope, DecodeEnvelope(event.event.payload, where));
  TANDEM_RETURN_IF_ERROR(settings_.upcasters.Apply(recorded.envelope, where));
  const std::string& type = recorded.envelope.type;
  const auto handler = table_.handlers.find(type);
  if (handler == table_.handlers.end()) {
    return table_.knows(type) ? Status::Ok() : UnknownType(type, where, table_.known);
  }
  const std::string what = where + ": the handler of '" + type + "' ";
  try {
    const Status handled = handler->second(recorded, where, view);
    if (!handled.ok()) return Status(handled.code(), what + "failed: " + handled.message());
  } catch (const std::exception& exception) {
    return Status::Internal(what + "threw " + exception.what());
  } catch (...) {
    return Status::Internal(what + "threw what is no std::exception");
  }
  if (view.status().ok()) return Status::Ok();
  return Status(view.status().code(), what + "failed: " + view.status().message());
}

Status Projector::Commit(Position position, View& view) {
  Checkpoint next{position, at_.generation, code_};
  std::string bytes = EncodeCheckpoint(position, at_.generation, code_);
  tandem::Batch batch;
  batch.CheckMetadata(stream_, kCheckpointKey, stored_);
  view.MoveInto(batch);
  batch.UpdateMetadata(stream_, {{kCheckpointKey, bytes}});
  TANDEM_RETURN_IF_ERROR(store_.AtomicBatch(std::move(batch)).status());
  stored_ = std::move(bytes);
  at_ = std::move(next);
  Publish(at_);
  return Status::Ok();
}

void Projector::Fail(const Status& status) {
  const MutexLock lock(mutex_);
  // A rebuild in between looks at everything again.
  if (load_) return;
  state_ = State::kFailed;
  failure_ = status;
  NotifyWaiters();
}

void Projector::Publish(const Checkpoint& checkpoint) {
  const MutexLock lock(mutex_);
  // A rebuild was faster: what was seen before it counts no more.
  if (checkpoint.generation < current_.generation) return;
  current_ = checkpoint;
  if (state_ == State::kFollows) failure_ = Status::Ok();
  NotifyWaiters();
}

void Projector::NotifyWaiters() {
  for (tandem::Signal* const waiter : waiters_) waiter->Notify();
}

Status Projector::WaitFor(Position position, std::chrono::milliseconds timeout) {
  tandem::Clock& clock = store_.clock();
  const Timestamp deadline = tandem::SaturatingAdd(clock.Now(), timeout);
  tandem::Signal changed;
  while (true) {
    {
      const MutexLock lock(mutex_);
      waiters_.erase(&changed);
      if (current_.generation > 0 && current_.position >= position) return Status::Ok();
      if (state_ != State::kFollows) return failure_;
      if (clock.Now() >= deadline) {
        const Status late = Status::DeadlineExceeded("the projection '" + name_ + "' is at " +
                                                     std::to_string(current_.position) +
                                                     ", not yet at " + std::to_string(position));
        return failure_.ok() ? late : late.CausedBy(failure_);
      }
      waiters_.insert(&changed);
    }
    clock.WaitUntil(changed, deadline);
  }
}

Result<std::optional<std::string>> Projector::Read(const std::string& key) {
  std::uint64_t generation = 0;
  {
    const MutexLock lock(mutex_);
    generation = current_.generation;
  }
  if (generation == 0) {
    std::optional<std::string> bytes;
    TANDEM_ASSIGN_OR_RETURN(const Checkpoint checkpoint, ReadCheckpoint(bytes));
    generation = checkpoint.generation;
  }
  return store_.GetMetadata(stream_, ViewPrefix(generation) + key);
}

Position Projector::position() const {
  const MutexLock lock(mutex_);
  return current_.position;
}

Status Projector::status() const {
  const MutexLock lock(mutex_);
  return failure_;
}

Result<std::uint64_t> Projector::Lag(std::uint64_t at_most) {
  std::uint64_t behind = 0;
  tandem::FeedOptions options;
  for (Position after = position(); behind < at_most;) {
    TANDEM_ASSIGN_OR_RETURN(const auto page, store_.ReadAll(after, options));
    behind += page.events.size();
    if (page.next == after) break;
    after = page.next;
  }
  return std::min(behind, at_most);
}

Status Projector::Rebuild() {
  Status status;
  for (std::size_t attempt = 0; attempt < kRebuildAttemptsMax; ++attempt) {
    std::optional<std::string> before;
    TANDEM_ASSIGN_OR_RETURN(Checkpoint next, ReadCheckpoint(before));
    next = {0, next.generation + 1, code_};
    tandem::Batch batch;
    batch.CheckMetadata(stream_, kCheckpointKey, before);
    batch.UpdateMetadata(stream_,
                         {{kCheckpointKey, EncodeCheckpoint(0, next.generation, next.code)}});
    status = store_.AtomicBatch(std::move(batch)).status();
    if (status.ok()) {
      Publish(next);
      GoOn();
      return status;
    }
    if (status.code() != StatusCode::kConflict) return status;
  }
  return status;
}

void Projector::Resume() { GoOn(); }

void Projector::GoOn() {
  std::stop_source waiting(std::nostopstate);
  {
    const MutexLock lock(mutex_);
    if (state_ == State::kStopped) return;
    state_ = State::kFollows;
    failure_ = Status::Ok();
    load_ = true;
    waiting = waiting_;
  }
  waiting.request_stop();
  wake_.Notify();
}

}  // namespace sourcing::internal
