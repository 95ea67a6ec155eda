#include "tandem/duroxide_runtime/testing/simulation.h"

#include <random>
#include <utility>

#include "tandem/base/manual_clock.h"
#include "tandem/batch/memory_provider.h"
#include "tandem/duroxide_runtime/internal/engine/names.h"
#include "tandem/duroxide_runtime/internal/store/layout.h"
#include "tandem/duroxide_runtime/testing/internal/simulated_runtime.h"
#include "tandem/duroxide_runtime/testing/recorded_history.h"

namespace duroxide::testing {

namespace {

// How much taken work may wait at a time: the more, the more ways to interleave.
constexpr std::size_t kTakenMax = 4;

class SilentLog final : public LogSink {
 public:
  void Log(LogLevel /*level*/, std::string_view /*instance*/, std::string_view /*text*/) override {}
};

tandem::MemoryOptions OnClock(tandem::Clock& clock) {
  tandem::MemoryOptions options;
  options.clock = &clock;
  return options;
}

}  // namespace

struct Simulation::Impl {
  Impl(std::uint64_t seed, Registry the_registry, const SimulationOptions& the_options)
      : options(the_options),
        registry(std::move(the_registry)),
        random(seed),
        store(OnClock(clock)),
        outside(store, times, CommitFaults()) {
    work_queues.push_back(internal::WorkQueue({}));
    for (const std::string& tag : options.tags) work_queues.push_back(internal::WorkQueue(tag));
    runtimes.resize(std::max<std::size_t>(options.runtimes, 1));
    for (auto& runtime : runtimes) runtime = MakeRuntime();
  }

  std::unique_ptr<SimulatedRuntime> MakeRuntime() {
    return std::make_unique<SimulatedRuntime>(SimulatedRuntime::Environment{
        store, times, registry, log, work_queues, options.lease,
        CommitFaults{[this] { return Fate(); }, options.tamper},
        internal::TurnOptions{options.max_deliveries, options.live_instances,
                              options.fused_commits},
        [this] { return random(); }});
  }

  bool Chance(double probability) {
    // Not std::uniform_real_distribution: its results are not the same everywhere.
    return static_cast<double>(random() >> 11) * 0x1p-53 < probability;
  }
  std::size_t Below(std::size_t end) { return static_cast<std::size_t>(random() % end); }

  CommitFate Fate() {
    if (!Chance(options.crash_at_commit)) return CommitFate::kApplied;
    return Chance(0.5) ? CommitFate::kDiesBefore : CommitFate::kDiesAfter;
  }

  bool Step() {
    ++counts.steps;
    const bool may_take = taken.size() < kTakenMax;
    if (!taken.empty() && (!may_take || Chance(0.5))) return Work();
    if (Take()) return true;
    if (!taken.empty()) return Work();
    return SkipTime();
  }

  // Lets one runtime, any that finds something, take work.
  bool Take() {
    const std::size_t first = Below(2 * runtimes.size());
    for (std::size_t i = 0; i < 2 * runtimes.size(); ++i) {
      const std::size_t choice = (first + i) % (2 * runtimes.size());
      const std::size_t index = choice / 2;
      auto work = runtimes[index]->Take(/*orchestration=*/choice % 2 == 0);
      if (!work) continue;
      Note(index, work->orchestration ? "takes a turn of '" + work->deliveries.front().group + "'"
                                      : "takes activity " + Number(*work));
      taken.push_back({index, *std::move(work)});
      return true;
    }
    return false;
  }

  // Works on something that was taken, or loses it.
  bool Work() {
    const auto chosen = taken.begin() + static_cast<std::ptrdiff_t>(Below(taken.size()));
    const auto [index, work] = std::move(*chosen);
    taken.erase(chosen);
    if (Chance(options.crash_between)) {
      Crash(index, "dies before it works");
      return true;
    }
    if (Chance(options.lease_loss)) {
      ++counts.lost_leases;
      clock.Advance(options.lease);
      Note(index, "is slow: leases have run out");
    }
    SimulatedRuntime& runtime = *runtimes[index];
    const std::uint64_t turns = runtime.counters().turns;
    runtime.Work(work);
    counts.turns += runtime.counters().turns - turns;
    if (!work.orchestration) ++counts.activities;
    Note(index, work.orchestration ? "has run a turn of '" + work.deliveries.front().group + "'"
                                   : "has run activity " + Number(work));
    if (runtime.dead()) Crash(index, "has died at a commit");
    return true;
  }

  void Crash(std::size_t index, const std::string& how) {
    ++counts.crashes;
    Note(index, how);
    std::erase_if(taken, [index](const auto& work) { return work.first == index; });
    runtimes[index] = MakeRuntime();
  }

  bool SkipTime() {
    const auto next = times.NextAfter(clock.Now());
    if (!next) return false;
    clock.Advance(*next - clock.Now());
    trace.push_back("time " + std::to_string(next->time_since_epoch().count()));
    return true;
  }

  static std::string Number(const TakenWork& work) {
    return std::to_string(work.deliveries.front().id);
  }
  void Note(std::size_t runtime, const std::string& what) {
    trace.push_back("runtime " + std::to_string(runtime) + " " + what);
  }

  // What waits in the queues, in words; empty if nothing does.
  std::string Waiting() {
    std::string text;
    std::vector<std::string> queues = work_queues;
    queues.emplace_back(internal::kTurnQueue);
    for (const std::string& queue : queues) {
      const auto statistics = store.admin()->Statistics(queue);
      if (!statistics.ok()) return statistics.status().ToString();
      const std::uint64_t messages = statistics->messages();
      if (messages == 0) continue;
      text += " " + std::to_string(messages) + " in queue '" + queue + "'";
    }
    return text;
  }

  const SimulationOptions options;
  const Registry registry;
  SilentLog log;
  std::mt19937_64 random;
  tandem::ManualClock clock;
  EventTimes times;
  tandem::MemoryProvider store;
  SimulatedProvider outside;  // the clients'
  std::vector<std::string> work_queues;
  std::vector<std::unique_ptr<SimulatedRuntime>> runtimes;
  std::vector<std::pair<std::size_t, TakenWork>> taken;  // with the runtime that has it
  SimulationCounts counts;
  std::vector<std::string> trace;
};

Simulation::Simulation(std::uint64_t seed, Registry registry, const SimulationOptions& options)
    : impl_(std::make_unique<Impl>(seed, std::move(registry), options)) {}

Simulation::~Simulation() = default;

Client Simulation::client() { return Client(impl_->outside); }

tandem::Provider& Simulation::provider() { return impl_->outside; }

Timestamp Simulation::now() const { return impl_->clock.Now(); }

bool Simulation::Step() { return impl_->Step(); }

Status Simulation::Run() { return RunUntil(tandem::kNever); }

Status Simulation::RunUntil(Timestamp end) {
  const std::uint64_t last = impl_->counts.steps + impl_->options.steps_max;
  while (impl_->counts.steps < last) {
    if (now() >= end || !Step()) return Status::Ok();
  }
  return Status::Unavailable("still at work after " + std::to_string(impl_->options.steps_max) +
                             " steps; waiting:" + impl_->Waiting());
}

Status Simulation::Check() {
  TANDEM_RETURN_IF_ERROR(impl_->registry.status());
  if (const std::string waiting = impl_->Waiting(); !waiting.empty()) {
    return Status::Internal("messages are left over:" + waiting);
  }
  TANDEM_RETURN_IF_ERROR(impl_->store.admin()->Verify().status());
  tandem::ListOptions list;
  for (bool more = true; more;) {
    TANDEM_ASSIGN_OR_RETURN(const tandem::NamePage page, impl_->store.admin()->ListEntities(list));
    for (const std::string& entity : page.names) {
      const auto instance = internal::InstanceOf(entity);
      if (!instance) continue;  // the index, or a stream of the application's own
      TANDEM_ASSIGN_OR_RETURN(const auto executions, ReadRecorded(impl_->store, *instance));
      for (const RecordedHistory& recorded : executions) {
        const auto divergence = FindDivergence(recorded, impl_->registry);
        if (divergence) {
          return Status::Internal("instance '" + std::string(*instance) + "': " + *divergence);
        }
      }
    }
    more = page.more;
    list.after = page.next;
  }
  return Status::Ok();
}

const SimulationCounts& Simulation::counts() const { return impl_->counts; }

const std::vector<std::string>& Simulation::trace() const { return impl_->trace; }

}  // namespace duroxide::testing
