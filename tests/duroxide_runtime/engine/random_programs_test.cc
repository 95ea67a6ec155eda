// Random programs on random inputs. Each program draws what it does next from a generator that all
// of its tasks share, so the smallest difference in order makes it do something else. Whatever it
// does: what is written is what replay reads, however the inputs are spread over turns; every
// operation is closed once; no event is lost.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <sstream>
#include <stdexcept>

#include "tandem/duroxide_runtime/internal/engine/event_queues.h"
#include "tandem/tests/duroxide_runtime/engine/check_history.h"
#include "tandem/tests/duroxide_runtime/samples.h"
#include "tandem/tests/support/random_seed.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT

using Output = Task<Result<std::string>>;
using std::chrono::minutes;

constexpr int kDepthMax = 3;

// What the tasks of a program share.
struct Play {
  std::mt19937 random;
  std::string taken;  // the events that it has read, each with a space behind it

  unsigned Roll(unsigned sides) { return static_cast<unsigned>(random() % sides); }
  std::string Name() { return Roll(2) == 0 ? "m" : "n"; }
  void Take(const Result<std::string>& event) { taken += *event + " "; }
};
using Shared = std::shared_ptr<Play>;

Output Steps(OrchestrationContext ctx, Shared play, int depth);

void ActAtOnce(OrchestrationContext ctx, Play& play) {
  const std::string key = "k" + std::to_string(play.Roll(4));
  switch (play.Roll(6)) {
    case 0:
      ctx.SetKv(key, play.Roll(100));
      break;
    case 1:
      ctx.EraseKv(key);
      break;
    case 2:
      ctx.SetCustomStatus(key + ctx.NewUuid());
      break;
    case 3:
      play.random.discard(*ctx.Run(key, [&key] { return key.back() - '0'; }));
      break;
    case 4:
      if (ctx.Patched(key)) play.Roll(2);
      break;
    default:
      ctx.StartDetached(kChild, "free-" + ctx.NewUuid(), key);
  }
}

Task<Result<Unit>> AwaitOne(OrchestrationContext ctx, Shared play) {
  switch (play->Roll(6)) {
    case 0: {
      const Result<std::string> got = co_await ctx.Call(kEcho, std::to_string(play->Roll(9)));
      if (!got.ok() && play->Roll(2) == 0) co_return got.status();
      break;
    }
    case 1:
      co_await ctx.Sleep(minutes(1 + play->Roll(5)));
      break;
    case 2:
      static_cast<void>(co_await ctx.WaitForEvent<std::string>("e"));
      break;
    case 3:
      static_cast<void>(co_await ctx.StartChild(kChild, "x"));
      break;
    default:
      play->Take(co_await ctx.WaitForEvent<std::string>(play->Name()));
  }
  co_return Unit();
}

// Operations that lose, that are dropped while open, and that are never awaited.
Task<Result<Unit>> RaceAndDrop(OrchestrationContext ctx, Shared play) {
  Future<std::string> kept = ctx.WaitForEvent<std::string>(play->Name());
  std::optional<Future<std::string>> dropped = ctx.Call(kEcho, play->Name());
  Future<std::string> left = ctx.WaitForEvent<std::string>("m");
  Future<std::string> right = ctx.WaitForEvent<std::string>("n");
  Timer timer = ctx.StartTimer(minutes(1));
  if (play->Roll(2) == 0) dropped.reset();
  auto first = co_await WhenAny(std::move(left), std::move(timer), std::move(right));
  if (first.index() == 0) play->Take(std::get<0>(first));
  if (first.index() == 2) play->Take(std::get<2>(first));
  dropped.reset();
  // The same by pointer: the losers are there for the next round.
  Timer limit = ctx.StartTimer(minutes(2));
  while (play->Roll(2) == 0) {
    const auto round = co_await WhenAny(&kept, &limit, ctx.StartTimer(minutes(1)));
    if (round.index() == 0) play->Take(std::get<0>(round));
    if (round.index() < 2) co_return Unit();
  }
  if (play->Roll(2) == 0) play->Take(co_await std::move(kept));
  co_return Unit();
}

Task<Result<Unit>> Compose(OrchestrationContext ctx, Shared play, int depth) {
  const unsigned how = play->Roll(3);
  if (how == 0) {
    const auto any = co_await WhenAny(Steps(ctx, play, depth + 1), Steps(ctx, play, depth + 1),
                                      ctx.WaitForEvent<std::string>("e"));
    if (play->Roll(4) == 0) co_await ctx.Sleep(minutes(1));  // the results live on
  } else if (how == 1) {
    const auto all = co_await WhenAll(Steps(ctx, play, depth + 1), Steps(ctx, play, depth + 1));
    if (!std::get<0>(all).ok() && play->Roll(2) == 0) co_return std::get<0>(all).status();
  } else {
    const Result<std::string> got = co_await Cancellable(ctx, Steps(ctx, play, depth + 1));
    if (!got.ok()) static_cast<void>(co_await ctx.Call(kEcho, "clean up"));
    if (!got.ok() && play->Roll(2) == 0) co_return got.status();
  }
  co_return Unit();
}

Output Steps(OrchestrationContext ctx, Shared play, int depth) {
  const unsigned steps = 1 + play->Roll(4);
  for (unsigned i = 0; i < steps; ++i) {
    const unsigned what = play->Roll(10);
    if (what < 2) {
      ActAtOnce(ctx, *play);
    } else if (what < 5) {
      co_await OrFail(AwaitOne(ctx, play));
    } else if (what < 7) {
      co_await OrFail(RaceAndDrop(ctx, play));
    } else if (depth < kDepthMax) {
      co_await OrFail(Compose(ctx, play, depth));
    }
  }
  if (play->Roll(30) == 0) throw std::runtime_error("boom");
  co_return "done";
}

// input := seed ' ' what the executions before have read. Continues as new mostly.
Output Program(OrchestrationContext ctx, std::string input) {
  const std::size_t space = input.find(' ');
  Shared play = std::make_shared<Play>();
  play->random.seed(static_cast<unsigned>(std::stoul(input.substr(0, space))));
  std::string failed;
  try {
    const Result<std::string> got = co_await Steps(ctx, play, 0);
    if (!got.ok()) failed = got.status().message();
  } catch (const std::exception& e) {
    failed = e.what();
  }
  std::string next = std::to_string(play->Roll(1'000'000)) + " " + play->taken;
  if (ctx.execution() < 4 && play->Roll(4) > 0) co_return ctx.ContinueAsNew(kTest, next);
  if (!failed.empty()) co_return Status::Internal(failed);
  co_return next;
}

template <typename... Event>
bool IsOneOf(const HistoryBody& body) {
  return (std::holds_alternative<Event>(body) || ...);
}

// The operation that the event closes; 0 for none. Waits are closed by events that do not say so;
// they are left out.
EventId ClosedBy(const HistoryBody& body) {
  if (std::holds_alternative<EventUnsubscribed>(body)) return 0;
  return std::visit(
      [](const auto& event) -> EventId {
        if constexpr (requires { event.scheduled_id; }) {
          return event.scheduled_id;
        } else {
          return 0;
        }
      },
      body);
}

// The operations that are open at the end, each opened once and closed at most once.
std::vector<EventId> OpenOperations(const History& history) {
  std::set<EventId> open;
  for (std::size_t i = 0; i < history.size(); ++i) {
    const HistoryBody& body = history[i].body;
    if (IsOneOf<ActivityScheduled, TimerCreated, ChildScheduled>(body)) open.insert(i + 1);
    if (ClosedBy(body) == 0) continue;
    EXPECT_EQ(open.erase(ClosedBy(body)), 1u) << i + 1 << " " << Describe(body);
  }
  return {open.begin(), open.end()};
}

struct Written {
  History history;
  KvEntries kv;  // before
};

// Feeds random inputs until the program has ended.
class Driver {
 public:
  explicit Driver(unsigned seed) : random_(seed), engine_(Program) {}

  // By execution.
  std::map<std::uint64_t, Written> Run() {
    std::vector<WorkItem> items = {StartItem{"test", std::to_string(Roll(1'000'000)) + " "}};
    for (int turn = 0; turn < 400 && !Ended(); ++turn) {
      const unsigned count = Roll(5);
      for (unsigned i = 0; i < count; ++i) items.push_back(Any());
      const TurnOutcome outcome = engine_.Turn(std::move(items));
      items.clear();
      if (outcome.diagnosis) {
        ADD_FAILURE() << *outcome.diagnosis << "\n" << engine_.Text();
        break;
      }
      Keep(outcome);
    }
    EXPECT_TRUE(Ended()) << engine_.Text();
    return std::move(written_);
  }
  const Registry& registry() const { return engine_.registry(); }

 private:
  unsigned Roll(unsigned sides) { return static_cast<unsigned>(random_() % sides); }
  bool Ended() { return !engine_.history().empty() && IsEnd(engine_.history().back().body); }

  void Keep(const TurnOutcome& outcome) {
    for (const ExecutionDelta& delta : outcome.deltas) {
      Written& written = written_[delta.execution];
      if (delta.events_before == 0) written.kv = kv_;
      written.history.insert(written.history.end(), delta.events.begin(), delta.events.end());
      for (const auto& [key, entry] : delta.kv_changes) {
        kv_.erase(key);
        if (entry) kv_.emplace(key, *entry);
      }
    }
  }

  WorkItem Any() {
    const unsigned what = Roll(20);
    if (what == 0 && Roll(4) == 0) return CancelItem{"enough"};
    if (what < 4) return EventRaisedItem{{"e", "x"}};
    if (what < 8 || engine_.history().empty()) {
      const std::string payload = std::to_string(++sent_);
      return EventRaisedItem{{Roll(2) == 0 ? "m" : "n", payload}};
    }
    // Sometimes of something that is not open.
    EventId id = 1 + Roll(static_cast<unsigned>(engine_.history().size()));
    const std::vector<EventId> open = OpenOperations(engine_.history());
    if (!open.empty() && Roll(8) > 0) id = open[Roll(static_cast<unsigned>(open.size()))];
    const OperationId operation{engine_.execution(), id};
    const HistoryBody& body = engine_.history()[id - 1].body;
    const bool fails = Roll(4) == 0;
    const Failure failure = Failure::Of(Status::Unavailable("broken"));
    if (std::holds_alternative<ChildScheduled>(body)) {
      if (fails) return ChildFailedItem{operation, failure};
      return ChildCompletedItem{operation, "child"};
    }
    if (std::holds_alternative<TimerCreated>(body)) return TimerFiredItem{operation};
    if (fails) return ActivityFailedItem{operation, failure};
    return ActivityCompletedItem{operation, "echo"};
  }

  std::mt19937 random_;
  Engine engine_;
  std::map<std::uint64_t, Written> written_;
  KvEntries kv_;
  int sent_ = 0;
};

// Where the execution says what it has read: all that came is read or handed on, in order. Events
// "e" only wake.
void ExpectNoEventIsLost(const History& history) {
  const auto* next = std::get_if<OrchestrationContinuedAsNew>(&history.back().body);
  if (next == nullptr) return;
  EXPECT_EQ(UnreadEvents(history), next->unread);
  std::multiset<std::string> came;
  for (const EventRaised& event : std::get<Started>(history.front().body).unread) {
    if (event.name != "e") came.insert(event.payload);
  }
  for (const HistoryEvent& event : history) {
    const auto* raised = std::get_if<EventRaised>(&event.body);
    if (raised != nullptr && raised->name != "e") came.insert(raised->payload);
  }
  std::multiset<std::string> found;
  std::istringstream taken(next->input.substr(next->input.find(' ')));
  for (std::string payload; taken >> payload;) found.insert(payload);
  std::map<std::string, int> last;  // by name
  for (const EventRaised& event : next->unread) {
    if (event.name == "e") continue;
    found.insert(event.payload);
    EXPECT_LT(last[event.name], std::stoi(event.payload));
    last[event.name] = std::stoi(event.payload);
  }
  EXPECT_EQ(came, found);
}

TEST(RandomProgramsTest, WhatIsWrittenIsWhatReplayReads) {
  const auto base = static_cast<unsigned>(tandem::testing::TestSeed());
  std::size_t events = 0;
  for (unsigned seed = base; seed < base + 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Driver driver(seed);
    for (const auto& [execution, written] : driver.Run()) {
      SCOPED_TRACE("execution " + std::to_string(execution));
      events += written.history.size();
      CheckHistory(written.history, driver.registry(), execution, written.kv);
      EXPECT_EQ(OpenOperations(written.history), std::vector<EventId>());
      ExpectNoEventIsLost(written.history);
      if (::testing::Test::HasFailure()) {
        ADD_FAILURE() << Engine::TextOf(written.history);
        return;
      }
    }
  }
  EXPECT_GT(events, 500u);
}

}  // namespace
}  // namespace duroxide
