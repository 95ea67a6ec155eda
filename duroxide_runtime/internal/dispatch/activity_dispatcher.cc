#include "tandem/duroxide_runtime/internal/dispatch/activity_dispatcher.h"

#include <exception>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "tandem/base/limits.h"
#include "tandem/duroxide_runtime/internal/dispatch/stored_progress.h"
#include "tandem/duroxide_runtime/internal/dispatch/tuning.h"
#include "tandem/duroxide_runtime/internal/engine/exceptions.h"
#include "tandem/duroxide_runtime/internal/engine/poison.h"
#include "tandem/duroxide_runtime/internal/records/work_item.h"
#include "tandem/duroxide_runtime/limits.h"

namespace duroxide::internal {

namespace {

using ActivityOutput = WithOperations<std::string>;

ActivityFacts FactsOf(const tandem::Delivery& delivery, const ActivityItem& item) {
  ActivityFacts facts;
  facts.activity = item.name;
  facts.tag = item.tag;
  facts.instance = item.operation.instance;
  facts.execution = item.operation.execution;
  facts.id = item.operation.scheduled_id;
  facts.orchestration = item.orchestration;
  facts.version = item.version;
  facts.delivery_count = delivery.delivery_count;
  return facts;
}

OperationId IdOf(const ActivityItem& item) {
  return {item.operation.execution, item.operation.scheduled_id};
}

// Never throws: an exception of the activity is its failure.
Result<ActivityOutput> CallHandler(const ActivityHandler& handler, ActivityContext& context,
                                   const std::string& input) {
  try {
    Result<ActivityOutput> output = handler(context, input);
    if (output.ok() && output->value.size() > kValueBytesMax) {
      return tandem::OverLimit("the output of the activity", output->value.size(), kValueBytesMax);
    }
    return output;
  } catch (...) {
    return FailureOfException(NameOf("activity", context.name()), std::current_exception());
  }
}

}  // namespace

Status ActivityDispatcher::Handle(const tandem::Delivery& delivery) {
  Result<WorkItem> decoded = DecodeWorkItem(delivery.payload, WhereOf(delivery));
  if (!decoded.ok()) return ParkUnreadable(delivery, decoded.status());
  const auto* item = std::get_if<ActivityItem>(&*decoded);
  if (item == nullptr) {
    return ParkUnreadable(delivery, Status::InvalidArgument("the message is no activity"));
  }
  Call call{delivery, *item, leases_.Keep(delivery.lock_token)};
  const ActivityHandler* handler = registry_.FindActivity(item->name);
  if (handler == nullptr) return ParkUnregistered(std::move(call));
  if (delivery.delivery_count > max_deliveries_) {
    return GiveUp(std::move(call), PoisonFailure("activity '" + item->name + "'",
                                                 delivery.delivery_count, max_deliveries_));
  }
  return Run(std::move(call), *handler);
}

Status ActivityDispatcher::Run(Call call, const ActivityHandler& handler) {
  const tandem::Delivery& delivery = call.delivery;
  const ActivityItem& item = call.item;
  std::optional<tandem::UpdateMetadata> progress_record;
  Result<ActivityOutput> output = Status::Internal("not run");
  bool stopped = false;
  {
    std::stop_source stop;
    const auto request = [&stop] { stop.request_stop(); };
    const std::stop_callback on_lost(call.lease.stop_token(), request);
    const std::stop_callback on_shutdown(stop_, request);
    StoredProgress progress(provider_, call.lease, item.operation, delivery.delivery_count);
    ActivityContext context(FactsOf(delivery, item), stop.get_token(), &progress);
    output = CallHandler(handler, context, item.input);
    if (progress.may_exist()) progress_record = progress.Erase();
    stopped = stop.stop_requested();
  }
  if (!output.ok() && stopped) return GiveBackStopped(call, output.status());
  ActivityResult result{item.operation.instance,
                        item.name,
                        ActivityFailedItem{IdOf(item), Failure::Of(output.status())},
                        delivery.lock_token,
                        std::move(call.lease),
                        std::move(progress_record),
                        {}};
  if (output.ok()) {
    result.item = ActivityCompletedItem{IdOf(item), std::move(output->value)};
    result.operations = std::move(output->operations);
  }
  // The result of a second delivery goes by the queue, so that a turn which kills the process is
  // counted there and not charged to the activity. A turn that can't be run here would only find
  // that out. And operations that are refused fail the activity, not the turn that would see its
  // value.
  const bool may_fuse = turns_.takes_results() && delivery.delivery_count == 1 &&
                        result.operations.empty() &&
                        registry_.FindOrchestration(item.orchestration, item.version).has_value();
  if (!may_fuse) return reporter_.ReportRun(result);
  return turns_.Complete(std::move(result));
}

Status ActivityDispatcher::GiveUp(Call call, const Failure& failure) {
  const ActivityItem& item = call.item;
  std::optional<tandem::UpdateMetadata> progress;
  const StoredProgress stored_progress(provider_, call.lease, item.operation,
                                       call.delivery.delivery_count);
  if (stored_progress.may_exist()) progress = stored_progress.Erase();
  const ActivityResult result{item.operation.instance,
                              item.name,
                              ActivityFailedItem{IdOf(item), failure},
                              call.delivery.lock_token,
                              std::move(call.lease),
                              std::move(progress),
                              {}};
  TANDEM_ASSIGN_OR_RETURN(const bool stored, reporter_.Report(result));
  if (!stored) return Status::Ok();
  counters_.poisoned += 1;
  log_.Log(LogLevel::kError, item.operation.instance, failure.message);
  return Status::Ok();
}

Status ActivityDispatcher::GiveBackStopped(const Call& call, const Status& reason) {
  tandem::AbandonOptions options;
  options.count = call.lease.lost();  // a shutdown is no fault of the activity
  TANDEM_ASSIGN_OR_RETURN(const bool given_back, EndLease(provider_.clock(), call.lease, [&] {
                            return provider_.Abandon(call.delivery.lock_token, options);
                          }));
  if (given_back) {
    counters_.activities_given_back += 1;
    log_.Log(LogLevel::kInfo, call.item.operation.instance,
             "activity '" + call.item.name + "' was stopped and given back: " + reason.ToString());
    return Status::Ok();
  }
  reporter_.NoteDropped(call.item.operation.instance, call.item.name);
  return Status::Ok();
}

Status ActivityDispatcher::ParkUnregistered(Call call) {
  const tandem::Delivery& delivery = call.delivery;
  const std::string diagnosis = "activity '" + call.item.name +
                                "' is not registered in this runtime; register it with "
                                "Registry::Add";
  const std::uint32_t attempt =
      parked_.Next(WhereOf(delivery), delivery.id, provider_.clock().Now());
  if (StepOfUnregistered(attempt).hand_over) return HandOver(call, diagnosis);
  if (delivery.delivery_count >= max_deliveries_) {
    return GiveUp(
        std::move(call),
        Failure::Of(Status::NotFound(diagnosis + " (" + std::to_string(delivery.delivery_count) +
                                     " deliveries)"),
                    FailureCategory::kConfiguration));
  }
  ParkOrder order;
  order.token = call.delivery.lock_token;
  order.attempt = call.delivery.delivery_count;
  order.count = true;  // max_deliveries is the limit
  order.instance = call.item.operation.instance;
  order.diagnosis = diagnosis;
  order.fallback.state = InstanceState::kRunning;
  order.fallback.created_at = call.delivery.enqueued_at;
  TANDEM_ASSIGN_OR_RETURN(const bool parked, EndLease(provider_.clock(), call.lease,
                                                      [&] { return Park(provider_, order); }));
  if (!parked) return Status::Ok();  // cancelled meanwhile
  counters_.parked += 1;
  log_.Log(LogLevel::kError, call.item.operation.instance, order.diagnosis);
  return Status::Ok();
}

Status ActivityDispatcher::HandOver(const Call& call, const std::string& diagnosis) {
  TANDEM_ASSIGN_OR_RETURN(
      const bool given_back,
      GiveBack(provider_, call.lease, call.delivery.lock_token, tuning::kHandOverDelay));
  if (!given_back) return Status::Ok();  // cancelled meanwhile
  counters_.handed_over += 1;
  log_.Log(LogLevel::kDebug, call.item.operation.instance,
           "handed over to other runtimes: " + diagnosis);
  return Status::Ok();
}

// Not counted: a newer runtime may read it one day, and must not find it poisoned.
Status ActivityDispatcher::ParkUnreadable(const tandem::Delivery& delivery, const Status& reason) {
  const LeaseKeeper::Held lease = leases_.Keep(delivery.lock_token);
  tandem::AbandonOptions options;
  options.count = false;
  options.delay = ParkDelay(parked_.Next(WhereOf(delivery), delivery.id, provider_.clock().Now()));
  TANDEM_ASSIGN_OR_RETURN(const bool parked, EndLease(provider_.clock(), lease, [&] {
                            return provider_.Abandon(delivery.lock_token, options);
                          }));
  if (!parked) return Status::Ok();
  counters_.parked += 1;
  log_.Log(LogLevel::kError, "", "an activity can't be read: " + reason.ToString());
  return Status::Ok();
}

}  // namespace duroxide::internal
