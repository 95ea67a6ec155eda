#include "tandem/duroxide_runtime/runtime.h"

#include <memory>
#include <random>
#include <set>
#include <stop_token>
#include <system_error>
#include <utility>
#include <vector>

#include "tandem/base/guarded.h"
#include "tandem/base/limits.h"
#include "tandem/base/out_of_memory.h"
#include "tandem/base/process_mark.h"
#include "tandem/duroxide_runtime/internal/dispatch/activity_dispatcher.h"
#include "tandem/duroxide_runtime/internal/dispatch/counters.h"
#include "tandem/duroxide_runtime/internal/dispatch/drain.h"
#include "tandem/duroxide_runtime/internal/dispatch/lease_keeper.h"
#include "tandem/duroxide_runtime/internal/dispatch/orchestration_dispatcher.h"
#include "tandem/duroxide_runtime/internal/dispatch/pull_loop.h"
#include "tandem/duroxide_runtime/internal/dispatch/stop_signals.h"
#include "tandem/duroxide_runtime/internal/engine/names.h"
#include "tandem/duroxide_runtime/internal/store/layout.h"
#include "tandem/duroxide_runtime/limits.h"

namespace duroxide {

namespace {

constexpr std::size_t kThreadsMax = 1024;
constexpr std::chrono::hours kLeaseMax{24 * 365};

std::function<std::uint64_t()> SeedsOf(const RuntimeOptions& options) {
  if (options.seeds) return options.seeds;
  // One for all starts: to open the device is slow on a virtual machine, whose host is asked what
  // the processor can do.
  auto shared_device = std::make_shared<tandem::Guarded<std::random_device>>();
  return [shared_device] {
    const auto device = shared_device->Lock();
    return (std::uint64_t{(*device)()} << 32) | (*device)();
  };
}

// An exception of the sink must not end the work that the line is about.
class SafeLogSink final : public LogSink {
 public:
  explicit SafeLogSink(LogSink& target) : target_(target) {}
  void Log(LogLevel level, std::string_view instance, std::string_view text) override {
    try {
      target_.Log(level, instance, text);
    } catch (...) {  // NOLINT(bugprone-empty-catch): there is nowhere else to tell it
    }
  }

 private:
  LogSink& target_;
};

LogSink& LogOf(const RuntimeOptions& options) {
  return options.log != nullptr ? *options.log : StderrLogSink();
}

internal::TurnOptions TurnOptionsOf(const RuntimeOptions& options) {
  internal::TurnOptions turns;
  turns.max_deliveries = options.max_deliveries;
  turns.live_instances_max = options.live_instances;
  turns.live_bytes_max = options.live_bytes;
  turns.threads = options.orchestration_threads;
  turns.fused_commits = options.fused_commits && options.orchestration_threads > 0;
  return turns;
}

tandem::DequeueOptions DequeueOf(std::chrono::milliseconds lease, std::size_t max_messages) {
  tandem::DequeueOptions dequeue;
  dequeue.lease = lease;
  dequeue.max_messages = max_messages;
  return dequeue;
}

std::size_t QueuesOf(const RuntimeOptions& options) {
  return options.tags.size() + (options.untagged_activities ? 1 : 0);
}

std::vector<std::string> WorkQueues(const RuntimeOptions& options) {
  std::vector<std::string> queues;
  if (options.untagged_activities) queues.push_back(internal::WorkQueue(std::string_view()));
  for (const std::string& tag : options.tags) queues.push_back(internal::WorkQueue(tag));
  return queues;
}

Status CheckTags(const RuntimeOptions& options) {
  if (QueuesOf(options) > tandem::kDequeueQueuesMax) {
    return Status::InvalidArgument("RuntimeOptions: more than " +
                                   std::to_string(tandem::kDequeueQueuesMax) +
                                   " tags, untagged activities included");
  }
  std::set<std::string_view> tags;
  for (const std::string& tag : options.tags) {
    if (tag.empty() || tag.size() > kTagBytesMax) {
      return Status::InvalidArgument("RuntimeOptions::tags: a tag has 1 to " +
                                     std::to_string(kTagBytesMax) + " bytes");
    }
    if (const Status status = internal::CheckTag(tag); !status.ok()) {
      return Status::InvalidArgument("RuntimeOptions::tags: " + std::string(status.message()));
    }
    if (!tags.insert(tag).second) {
      return Status::InvalidArgument("RuntimeOptions::tags: '" + tag + "' is there twice");
    }
  }
  if (options.activity_threads > 0 && QueuesOf(options) == 0) {
    return Status::InvalidArgument(
        "RuntimeOptions: activity_threads without any activity to run; set them to 0, or add tags");
  }
  return Status::Ok();
}

Status CheckOptions(const RuntimeOptions& options) {
  if (options.lease.value() < std::chrono::milliseconds(1)) {
    return Status::InvalidArgument("RuntimeOptions::lease has to be at least 1 ms");
  }
  if (options.lease.value() > kLeaseMax) {
    return Status::InvalidArgument("RuntimeOptions::lease may be at most 365 days");
  }
  if (options.orchestration_threads > kThreadsMax || options.activity_threads > kThreadsMax) {
    return Status::InvalidArgument("RuntimeOptions: more than " + std::to_string(kThreadsMax) +
                                   " threads");
  }
  if (options.max_deliveries < 1) {
    return Status::InvalidArgument("RuntimeOptions::max_deliveries has to be at least 1");
  }
  return CheckTags(options);
}

}  // namespace

std::string_view ShutdownResultName(ShutdownResult result) {
  switch (result) {
    case ShutdownResult::kDrained:
      return "drained";
    case ShutdownResult::kForced:
      return "forced";
    case ShutdownResult::kFailed:
      return "failed";
  }
  return "unknown";
}

// Members are used by those below them, and go away from the last to the first.
struct Runtime::Impl {
  Impl(tandem::Provider& the_provider, Registry the_registry, const RuntimeOptions& options)
      : provider(the_provider),
        registry(std::move(the_registry)),
        log(LogOf(options)),
        drain(provider.clock(), DrainSteps()),
        leases(provider, options.lease.value()),
        reporter(provider, log, counters, stop_activities.get_token()),
        orchestrations(provider, registry, log, counters, leases, reporter, SeedsOf(options),
                       TurnOptionsOf(options)),
        activities(provider, registry, log, counters, leases, orchestrations, reporter,
                   stop_activities.get_token(), options.max_deliveries),
        turn_loop(provider, log, TurnLoop(options)),
        activity_loop(provider, log, ActivityLoop(options)) {}

  internal::PullLoop::Setup TurnLoop(const RuntimeOptions& options) {
    internal::PullLoop::Setup setup;
    setup.queues.emplace_back(internal::kTurnQueue);
    setup.threads = options.orchestration_threads;
    setup.options = [this, lease = options.lease.value()] {
      tandem::DequeueOptions dequeue = DequeueOf(lease, orchestrations.messages_max());
      dequeue.max_groups = orchestrations.instances_max();
      return dequeue;
    };
    setup.handler = [this](std::vector<tandem::Delivery> deliveries) {
      return orchestrations.Handle(std::move(deliveries));
    };
    setup.on_end = [this] { drain.NoteEnd(); };
    return setup;
  }

  internal::PullLoop::Setup ActivityLoop(const RuntimeOptions& options) {
    internal::PullLoop::Setup setup;
    setup.queues = WorkQueues(options);
    setup.threads = options.activity_threads;
    setup.options = [lease = options.lease.value()] { return DequeueOf(lease, 1); };
    setup.handler = [this](const std::vector<tandem::Delivery>& deliveries) {
      return activities.Handle(deliveries.front());
    };
    setup.on_end = [this] { drain.NoteEnd(); };
    return setup;
  }

  internal::Drain::Steps DrainSteps() {
    internal::Drain::Steps steps;
    steps.stop_taking = [this] {
      orchestrations.StopStarting([this] { drain.NoteEnd(); });
      turn_loop.RequestStop();
      activity_loop.RequestStop();
      log.Log(LogLevel::kInfo, "", "shutdown: no new work is taken");
    };
    steps.ended = [this] {
      return turn_loop.ended() && activity_loop.ended() && orchestrations.idle();
    };
    steps.stop_activities = [this] {
      log.Log(LogLevel::kWarning, "", "shutdown: the time is over, activities are asked to stop");
      stop_activities.request_stop();
    };
    steps.unstored = [this] {
      return turn_loop.failed() + activity_loop.failed() + orchestrations.failed() > 0;
    };
    return steps;
  }

  const tandem::ProcessMark mark;
  tandem::Provider& provider;
  const Registry registry;
  SafeLogSink log;
  internal::Counters counters;
  std::stop_source stop_activities;
  internal::Drain drain;  // its steps use what is below, and are taken while that is there
  internal::LeaseKeeper leases;
  internal::ResultReporter reporter;
  internal::OrchestrationDispatcher orchestrations;
  internal::ActivityDispatcher activities;
  internal::PullLoop turn_loop;
  internal::PullLoop activity_loop;
};

Runtime::Runtime(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Runtime::~Runtime() {
  if (impl_->mark.in_forked_child()) {
    tandem::LeaveAlone(std::move(impl_));  // its threads are in the parent
    return;
  }
  const ShutdownResult result = Shutdown();
  if (result == ShutdownResult::kFailed) {
    impl_->log.Log(
        LogLevel::kWarning, "",
        "shutdown failed: something still runs and is waited for, or could not be stored");
  }
}

Result<std::unique_ptr<Runtime>> Runtime::Start(tandem::Provider& provider, Registry registry,
                                                const RuntimeOptions& options) {
  TANDEM_RETURN_IF_ERROR(registry.status());
  TANDEM_RETURN_IF_ERROR(CheckOptions(options));
  try {
    return std::unique_ptr<Runtime>(
        new Runtime(std::make_unique<Impl>(provider, std::move(registry), options)));
  } catch (const std::system_error& error) {
    return Status::Unavailable(std::string("can't start the threads of the runtime: ") +
                               error.what());
  } catch (...) {
    return tandem::StatusOfException();
  }
}

Client Runtime::client() const {
  return Client(impl_->provider, impl_->registry, impl_->orchestrations);
}

ShutdownResult Runtime::RunUntilSignal(const ShutdownOptions& options) {
  internal::AwaitStopSignal();
  return Shutdown(options);
}

ShutdownResult Runtime::Shutdown(const ShutdownOptions& options) {
  if (impl_->mark.in_forked_child()) return ShutdownResult::kFailed;
  return impl_->drain.Run(options);
}

RuntimeStats Runtime::Stats() const {
  const internal::Counters& counters = impl_->counters;
  RuntimeStats stats;
  stats.turns = counters.turns;
  stats.events_replayed = counters.events_replayed;
  stats.activities_run = counters.activities_run;
  stats.activities_dropped = counters.activities_dropped;
  stats.activities_given_back = counters.activities_given_back;
  stats.turn_conflicts = counters.turn_conflicts;
  stats.messages_dropped = counters.messages_dropped;
  stats.parked = counters.parked;
  stats.handed_over = counters.handed_over;
  stats.poisoned = counters.poisoned;
  return stats;
}

}  // namespace duroxide
