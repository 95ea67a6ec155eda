#include "tandem/duroxide_runtime/testing/internal/simulated_provider.h"

#include <chrono>
#include <string>
#include <utility>

namespace duroxide::testing {

namespace {

// In the one thread of a simulation nobody works while a call waits: it would wait forever.
Status WouldWaitForever(const std::string& what) {
  return Status::InvalidArgument("waiting for " + what +
                                 " in a simulation, where nobody works meanwhile: call "
                                 "Simulation::Run(), RunUntil() or Step() "
                                 "first, then ask without waiting (a timeout of 0, or GetStatus)");
}

bool Waits(tandem::Saturated<std::chrono::milliseconds> wait) {
  return wait.value() > std::chrono::milliseconds::zero();
}

}  // namespace

Status SimulatedProvider::Alive() const {
  // Not Unavailable, which some wait for.
  if (dead()) return Status::IoError("the simulated process is dead");
  return Status::Ok();
}

Result<tandem::BatchResult> SimulatedProvider::AtomicBatch(tandem::Batch batch,
                                                           const tandem::BatchOptions& options) {
  TANDEM_RETURN_IF_ERROR(Alive());
  const CommitFate fate = faults_.fate ? faults_.fate() : CommitFate::kApplied;
  if (fate == CommitFate::kDiesBefore) {
    Die();
    return Alive();
  }
  if (faults_.tamper) {
    std::vector<tandem::Operation> operations = std::move(batch).Take();
    faults_.tamper(operations);
    batch = tandem::Batch(std::move(operations));
  }
  times_.Note(batch, clock().Now());
  Result<tandem::BatchResult> result = target_.AtomicBatch(std::move(batch), options);
  if (fate == CommitFate::kDiesAfter) {
    Die();
    return Alive();
  }
  return result;
}

Status SimulatedProvider::Flush() {
  TANDEM_RETURN_IF_ERROR(Alive());
  return target_.Flush();
}

Result<tandem::EventPage> SimulatedProvider::Read(const tandem::StreamId& stream,
                                                  const tandem::ReadOptions& options) {
  TANDEM_RETURN_IF_ERROR(Alive());
  tandem::ReadOptions at_once = options;
  at_once.wait = std::chrono::milliseconds::zero();
  TANDEM_ASSIGN_OR_RETURN(tandem::EventPage page, target_.Read(stream, at_once));
  const bool waits = Waits(options.wait) && options.direction == tandem::Direction::kForward;
  if (waits && page.events.empty() && !page.deleted) {
    return WouldWaitForever("an event of '" + stream.entity + "'");
  }
  return page;
}

Result<std::optional<tandem::PartitionHead>> SimulatedProvider::LatestPartition(
    std::string_view entity) {
  TANDEM_RETURN_IF_ERROR(Alive());
  return target_.LatestPartition(entity);
}

Result<tandem::MetadataPage> SimulatedProvider::ReadMetadata(
    const tandem::StreamId& stream, const tandem::MetadataOptions& options) {
  TANDEM_RETURN_IF_ERROR(Alive());
  return target_.ReadMetadata(stream, options);
}

Result<tandem::FeedPage> SimulatedProvider::ReadAll(tandem::Position after,
                                                    const tandem::FeedOptions& options) {
  TANDEM_RETURN_IF_ERROR(Alive());
  tandem::FeedOptions at_once = options;
  at_once.wait = std::chrono::milliseconds::zero();
  TANDEM_ASSIGN_OR_RETURN(tandem::FeedPage page, target_.ReadAll(after, at_once));
  if (Waits(options.wait) && page.events.empty()) return WouldWaitForever("an event of the feed");
  return page;
}

Result<std::vector<tandem::Delivery>> SimulatedProvider::Dequeue(
    std::span<const std::string> queues, const tandem::DequeueOptions& options) {
  TANDEM_RETURN_IF_ERROR(Alive());
  tandem::DequeueOptions at_once = options;
  at_once.wait = std::chrono::milliseconds::zero();
  TANDEM_ASSIGN_OR_RETURN(std::vector<tandem::Delivery> deliveries,
                          target_.Dequeue(queues, at_once));
  if (deliveries.empty()) {
    if (Waits(options.wait)) return WouldWaitForever("a message");
    return deliveries;
  }
  times_.Note(tandem::SaturatingAdd(clock().Now(), options.lease.value()));
  return deliveries;
}

Result<tandem::Timestamp> SimulatedProvider::Renew(
    const tandem::LockToken& token, tandem::Saturated<std::chrono::milliseconds> duration) {
  TANDEM_RETURN_IF_ERROR(Alive());
  Result<tandem::Timestamp> deadline = target_.Renew(token, duration);
  if (deadline.ok()) times_.Note(*deadline);
  return deadline;
}

}  // namespace duroxide::testing
