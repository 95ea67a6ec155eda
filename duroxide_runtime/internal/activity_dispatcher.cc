#include "duroxide_runtime/internal/activity_dispatcher.h"

#include <exception>
#include <utility>

#include "duroxide_runtime/internal/failure.h"
#include "duroxide_runtime/internal/instance_store.h"
#include "duroxide_runtime/internal/parking.h"
#include "duroxide_runtime/internal/pull_loop.h"
#include "duroxide_runtime/limits.h"

namespace duroxide::internal {

namespace {

using tandem::StatusCode;

constexpr std::chrono::milliseconds kRetryDelay{200};

WorkItem Completion(const OperationId& id, Result<std::string> result) {
  if (result.ok() && result->size() > kValueBytesMax) {
    result = Status::TooLarge("the output of the activity has " + std::to_string(result->size()) +
                              " bytes, the limit is " + std::to_string(kValueBytesMax));
  }
  if (result.ok()) return ActivityCompletedItem{id, *std::move(result)};
  return ActivityFailedItem{id, Failure::Of(result.status())};
}

std::vector<tandem::Operation> ReportBatch(const tandem::LockToken& token,
                                           const std::string& instance,
                                           const std::string& payload) {
  tandem::Enqueue enqueue;
  enqueue.queue = kOrchestratorQueue;
  enqueue.payload = payload;
  enqueue.options.group = instance;
  std::vector<tandem::Operation> batch;
  batch.emplace_back(tandem::DeleteMessages{token});
  batch.emplace_back(std::move(enqueue));
  return batch;
}

}  // namespace

Status ActivityDispatcher::Handle(const tandem::Delivery& delivery, const std::stop_token& stop) {
  Result<WorkItem> decoded =
      DecodeWorkItem(delivery.payload, "message " + std::to_string(delivery.id) + " of queue '" +
                                           delivery.queue + "'");
  if (!decoded.ok()) return ParkUnreadable(delivery, decoded.status());
  const auto* item = std::get_if<ActivityItem>(&*decoded);
  if (item == nullptr) {
    return ParkUnreadable(delivery, Status::InvalidArgument("the message is no activity"));
  }
  const ActivityHandler* handler = registry_.FindActivity(item->name);
  if (handler == nullptr) return ParkUnregistered(delivery, *item);

  // Held until the batch with the result is answered.
  const LeaseKeeper::Held lease = leases_.Keep(delivery.lock_token);
  Result<std::string> result = Run(*handler, delivery, *item, lease.stop_token());
  return Report(delivery, *item, std::move(result), lease, stop);
}

Result<std::string> ActivityDispatcher::Run(const ActivityHandler& handler,
                                            const tandem::Delivery& delivery,
                                            const ActivityItem& item, const std::stop_token& stop) {
  ActivityContext context(item.operation.instance, item.operation.execution,
                          item.operation.scheduled_id, delivery.delivery_count, stop);
  try {
    return handler(context, item.input);
  } catch (...) {
    return FailureOfException(std::current_exception());
  }
}

Status ActivityDispatcher::Report(const tandem::Delivery& delivery, const ActivityItem& item,
                                  Result<std::string> result, const LeaseKeeper::Held& lease,
                                  const std::stop_token& stop) {
  const std::string payload = EncodeWorkItem(
      Completion({item.operation.execution, item.operation.scheduled_id}, std::move(result)));
  while (!lease.lost()) {
    const Status status =
        provider_.AtomicBatch(ReportBatch(delivery.lock_token, item.operation.instance, payload))
            .status();
    if (status.ok()) {
      counters_.activities_run += 1;
      return status;
    }
    if (status.code() == StatusCode::kLeaseLost) break;
    // The work is done: as long as the lease holds, reporting it is tried again.
    if (status.code() != StatusCode::kUnavailable) return status;
    if (!SleepFor(provider_.clock(), kRetryDelay, stop)) return status;
  }
  counters_.activities_dropped += 1;
  log_.Log(LogLevel::kInfo, item.operation.instance,
           "dropped the result of activity '" + item.name + "': cancelled, or taken by another");
  return Status::Ok();
}

Status ActivityDispatcher::ParkUnregistered(const tandem::Delivery& delivery,
                                            const ActivityItem& item) {
  ParkOrder order;
  order.token = delivery.lock_token;
  order.delivery_count = delivery.delivery_count;
  order.instance = item.operation.instance;
  order.diagnosis = "activity '" + item.name +
                    "' is not registered in this runtime; register it with Registry::Add";
  order.fallback.state = InstanceState::kRunning;
  order.fallback.created_at = delivery.enqueued_at;
  const Status status = Park(provider_, order);
  if (status.code() == StatusCode::kLeaseLost) return Status::Ok();  // cancelled meanwhile
  if (!status.ok()) return status;
  counters_.parked += 1;
  log_.Log(LogLevel::kError, item.operation.instance, order.diagnosis);
  return Status::Ok();
}

Status ActivityDispatcher::ParkUnreadable(const tandem::Delivery& delivery, const Status& reason) {
  tandem::AbandonOptions options;
  options.delay = ParkDelay(delivery.delivery_count);
  const Status status = provider_.Abandon(delivery.lock_token, options);
  if (!status.ok() && status.code() != StatusCode::kLeaseLost) return status;
  counters_.parked += 1;
  log_.Log(LogLevel::kError, "", "an activity can't be read: " + reason.ToString());
  return Status::Ok();
}

}  // namespace duroxide::internal
