#include "tandem/tests/duroxide_runtime/simulation/random_run.h"

#include <random>

#include "tandem/duroxide_runtime/internal/records/work_item.h"
#include "tandem/duroxide_runtime/internal/store/layout.h"
#include "tandem/duroxide_runtime/testing/recorded_history.h"
#include "tandem/tests/duroxide_runtime/simulation/random_program.h"

namespace duroxide::testing {

namespace {

constexpr int kDepth = 3;
constexpr char kRoot[] = "root";

class Driver {
 public:
  Driver(std::uint64_t seed, const SimulationOptions& options)
      : seed_(seed),
        random_(seed ^ 0x9e3779b97f4a7c15),
        sim_(seed, ProgramRegistry(runs_), options),
        rounds_(static_cast<int>(random_() % 3)),
        messages_(static_cast<int>(random_() % 3)),
        unsent_((rounds_ + 1) * messages_),
        cancels_(random_() % 8 == 0) {}

  RandomRun Run() {
    RandomRun run;
    run.wrong = RunToTheEnd();
    if (run.wrong.empty()) run.wrong = CheckStore();
    const auto status = sim_.client().GetStatus(kRoot);
    if (status.ok()) run.result = status->output;
    run.cancelled = cancels_;
    run.counts = sim_.counts();
    run.trace = sim_.trace();
    return run;
  }

 private:
  std::string RunToTheEnd() {
    std::vector<std::int64_t> input;
    for (const std::int64_t field :
         {static_cast<std::int64_t>(seed_), std::int64_t{kDepth}, std::int64_t{rounds_},
          std::int64_t{0}, std::int64_t{messages_}}) {
      input.push_back(field);
    }
    const Status started = sim_.client().Start(kProgram, kRoot, input);
    if (!started.ok()) return started.ToString();
    constexpr int kStepsMax = 20'000;
    for (int step = 0; step < kStepsMax; ++step) {
      if (unsent_ > 0 && random_() % 10 == 0) RaiseBox();
      if (random_() % 10 == 0) Send(internal::EventRaisedItem{{"go", "1"}});
      if (cancels_ && random_() % 30 == 0) Send(internal::CancelItem{"no longer wanted"});
      if (sim_.Step()) continue;
      if (unsent_ == 0) return {};
      RaiseBox();
    }
    return "stuck: " + sim_.trace().back();
  }

  void RaiseBox() {
    Send(internal::EventRaisedItem{{"box", std::to_string(unsent_)}});
    --unsent_;
  }
  void Send(const internal::WorkItem& item) {
    tandem::Batch batch;
    batch.Add(internal::ToInstance(kRoot, item));
    static_cast<void>(sim_.provider().AtomicBatch(std::move(batch)));
  }

  std::string CheckStore() {
    const Status check = sim_.Check();
    if (!check.ok()) return check.ToString();
    return CheckInstance(kRoot, rounds_ + 1);
  }

  // The instance has finished, in so many executions; what it got from activities did run; and so
  // for all its children.
  std::string CheckInstance(const std::string& instance, int executions) {
    const auto status = sim_.client().GetStatus(instance);
    if (!status.ok()) return status.status().ToString();
    const bool completed = status->state == InstanceState::kCompleted;
    const bool cancelled =
        (instance != kRoot || cancels_) && status->state == InstanceState::kCancelled;
    if (!completed && !cancelled) {
      return instance + " is " + std::string(InstanceStateName(status->state)) + " " +
             status->diagnosis;
    }
    const auto recorded = ReadRecorded(sim_.provider(), instance);
    if (!recorded.ok()) return recorded.status().ToString();
    if (completed && executions > 0 && static_cast<int>(recorded->size()) != executions) {
      return instance + " has " + std::to_string(recorded->size()) + " executions";
    }
    for (const RecordedHistory& execution : *recorded) {
      for (const HistoryEvent& event : execution.history) {
        if (std::string wrong = CheckEvent(execution, event); !wrong.empty()) return wrong;
      }
    }
    return {};
  }

  std::string CheckEvent(const RecordedHistory& execution, const HistoryEvent& event) {
    if (const auto* done = std::get_if<ActivityCompleted>(&event.body)) {
      const int runs = (*runs_)[{execution.instance, execution.execution, done->scheduled_id}];
      if (runs == 0) return "an activity of " + execution.instance + " never ran";
    }
    if (const auto* child = std::get_if<ChildScheduled>(&event.body)) {
      return CheckInstance(child->instance, 0);
    }
    return {};
  }

  const std::uint64_t seed_;
  std::mt19937_64 random_;
  const std::shared_ptr<ActivityRuns> runs_ = std::make_shared<ActivityRuns>();
  Simulation sim_;
  const int rounds_;
  const int messages_;
  int unsent_;
  const bool cancels_;
};

}  // namespace

RandomRun RunRandomProgram(std::uint64_t seed, const SimulationOptions& options) {
  return Driver(seed, options).Run();
}

std::string CheckRandomProgram(std::uint64_t seed, const SimulationOptions& options) {
  const RandomRun calm = RunRandomProgram(seed, SimulationOptions::Calm());
  if (!calm.wrong.empty()) return "without faults: " + calm.wrong;
  const RandomRun run = RunRandomProgram(seed, options);
  if (!run.wrong.empty()) return run.wrong;
  const bool determined = !Program::Of(seed, kDepth).races && !run.cancelled;
  if (determined && run.result != calm.result) {
    return "the result is " + run.result + ", without faults " + calm.result;
  }
  return {};
}

}  // namespace duroxide::testing
