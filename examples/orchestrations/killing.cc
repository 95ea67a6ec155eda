#include "examples/orchestrations/killing.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <thread>
#include <variant>
#include <vector>

#include <tandem/duroxide.h>
#include <tandem/tandem.h>
#include "examples/common/child_process.h"
#include "examples/orchestrations/actor.h"
#include "examples/orchestrations/booking.h"
#include "examples/orchestrations/world.h"

namespace orchestrations {

namespace {

using duroxide::InstanceState;
using examples::ChildProcess;
using tandem::Result;
using tandem::Status;

constexpr std::chrono::microseconds kLookEvery{500};
constexpr std::uint64_t kMomentMax = 10'000;  // microseconds

std::filesystem::path StorePath(const KillOptions& options) { return options.work / "store"; }
std::filesystem::path JournalPath(const KillOptions& options) { return options.work / "journal"; }

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::uint64_t CountLines(const std::filesystem::path& path) {
  const std::string text = ReadFile(path);
  return static_cast<std::uint64_t>(std::ranges::count(text, '\n'));
}

// What all processes have reported so far, by their logs. A line that was cut off does not count.
struct Told {
  std::set<std::string> started;
  std::map<std::string, std::string> finished;  // instance -> state
  std::int64_t sent = 0;
};

Told ReadTold(const KillOptions& options) {
  Told told;
  for (const auto& entry : std::filesystem::directory_iterator(options.work)) {
    if (entry.path().extension() != ".log") continue;
    std::string text = ReadFile(entry.path());
    text.erase(text.find_last_of('\n') == std::string::npos ? 0 : text.find_last_of('\n'));
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      std::string word;
      std::string subject;
      std::string object;
      words >> word >> subject >> object;
      if (word != "told") continue;
      if (subject == "started") {
        told.started.insert(object);
      } else if (subject == "sent") {
        told.sent = std::max<std::int64_t>(told.sent, std::stoll(object));
      } else {
        told.finished[subject] = object;
      }
    }
  }
  return told;
}

ChildProcess StartProgram(const KillOptions& options, const std::filesystem::path& log) {
  // A command that was reported as sent is not sent again: if it were lost, the balance would show
  // it.
  const std::int64_t from = ReadTold(options).sent + 1;
  return ChildProcess(options.program.string(),
                      {options.example, "--store", StorePath(options).string(), "--journal",
                       JournalPath(options).string(), "--count", std::to_string(options.count),
                       "--from", std::to_string(from), "--trouble", "10"},
                      log.string());
}

// An order that has finished has left all three effects in the world, or none.
Status CheckOrder(const World& world, const std::string& order, InstanceState state) {
  for (const std::string step : {"reserve ", "charge ", "ship "}) {
    const bool done = world.StateOf(step + order) == World::State::kDone;
    if (done == (state == InstanceState::kCompleted)) continue;
    return Status::Internal(order + " is " + std::string(duroxide::InstanceStateName(state)) +
                            ", but '" + step + order + "' is " + (done ? "done" : "not done"));
  }
  return Status::Ok();
}

// The nights that are booked: each once, and with one mail.
Result<std::set<std::string>> CheckNights(tandem::Provider& store) {
  std::set<std::string> nights;
  tandem::ReadOptions all;
  all.max_events = 1'000;
  TANDEM_ASSIGN_OR_RETURN(const tandem::EventPage page, store.Read({kNights, 0}, all));
  for (const tandem::Event& night : page.events) {
    if (!nights.insert(night.payload).second) {
      return Status::Internal(night.payload + " is booked twice");
    }
  }
  std::set<std::string> without_mail = nights;
  while (true) {
    TANDEM_ASSIGN_OR_RETURN(const auto mail, store.DequeueOne(kMails));
    if (!mail) break;
    const std::string night = mail->payload.substr(mail->payload.find(' ') + 1);
    if (without_mail.erase(night) == 0) {
      return Status::Internal("a mail too much: " + mail->payload);
    }
  }
  if (without_mail.empty()) return nights;
  return Status::Internal("no mail was sent for " + *without_mail.begin());
}

// What the activities of all bookings have given is booked; what is finished is booked whole.
Status CheckBookings(tandem::Provider& store, const duroxide::Client& client) {
  TANDEM_ASSIGN_OR_RETURN(const std::set<std::string> nights, CheckNights(store));
  duroxide::InstanceFilter filter;
  filter.orchestration = kBooking.name();
  TANDEM_ASSIGN_OR_RETURN(const duroxide::InstancePage bookings,
                          client.admin().ListInstances(filter, {}));
  for (const duroxide::InstanceEntry& booking : bookings.instances) {
    TANDEM_ASSIGN_OR_RETURN(const duroxide::HistoryPage history,
                            client.ReadHistory(booking.instance, {}));
    std::int64_t booked = 0;
    for (const duroxide::HistoryEvent& event : history.events) {
      const auto* completed = std::get_if<duroxide::ActivityCompleted>(&event.body);
      if (completed == nullptr) continue;
      ++booked;
      if (nights.contains(completed->output)) continue;
      return Status::Internal(booking.instance +
                              " has a result that is not booked: " + completed->output);
    }
    if (booking.status.finished() && booking.status.output != std::to_string(booked)) {
      return Status::Internal(booking.instance + " booked " + std::to_string(booked) +
                              " nights and says " + booking.status.output);
    }
  }
  return Status::Ok();
}

Status CheckStore(const KillOptions& options) {
  const Told told = ReadTold(options);
  TANDEM_ASSIGN_OR_RETURN(const auto world, World::Open(JournalPath(options), Trouble()));
  TANDEM_ASSIGN_OR_RETURN(
      const auto store, tandem::OpenStore(StorePath(options), tandem::OpenMode::kCreateIfMissing));
  const duroxide::Client client(*store);
  TANDEM_RETURN_IF_ERROR(CheckBookings(*store, client));
  for (const std::string& instance : told.started) {
    const auto status = client.GetStatus(instance);
    if (!status.ok()) {
      return Status::Internal(instance + " was started: " + status.status().ToString());
    }
    if (instance.starts_with("order-") && status->finished()) {
      TANDEM_RETURN_IF_ERROR(CheckOrder(*world, instance, status->state));
    }
    const auto finished = told.finished.find(instance);
    const std::string state(duroxide::InstanceStateName(status->state));
    if (finished != told.finished.end() && finished->second != state) {
      return Status::Internal(instance + " was " + finished->second + " and is " + state);
    }
  }
  return Status::Ok();
}

Status CheckBalance(const KillOptions& options) {
  TANDEM_ASSIGN_OR_RETURN(
      const auto store, tandem::OpenStore(StorePath(options), tandem::OpenMode::kCreateIfMissing));
  TANDEM_ASSIGN_OR_RETURN(
      const Account account,
      duroxide::Client(*store).Wait(kActor, "actor", std::chrono::milliseconds(0)));
  const std::int64_t sum = options.count * (options.count + 1) / 2;
  if (account.balance == sum) return Status::Ok();
  return Status::Internal("the balance is " + std::to_string(account.balance) +
                          ", the commands sum up to " + std::to_string(sum));
}

}  // namespace

Result<KillResult> KillOnce(const KillOptions& options, std::size_t number,
                            std::mt19937_64& random) {
  const std::filesystem::path log = options.work / ("kill-" + std::to_string(number) + ".log");
  const std::uint64_t target = random() % options.lines_max;
  const std::chrono::microseconds a_moment(random() % kMomentMax);
  KillResult result;
  {
    ChildProcess child = StartProgram(options, log);
    while (child.Running() && CountLines(log) < target) std::this_thread::sleep_for(kLookEvery);
    std::this_thread::sleep_for(a_moment);
    result.killed = child.Running();
    child.Kill();
    if (child.Wait() != 0 && !result.killed) {
      return Status::Internal("the program failed:\n" + ReadFile(log));
    }
  }
  result.lines = CountLines(log);
  TANDEM_RETURN_IF_ERROR(CheckStore(options));
  return result;
}

Status FinishAndCheck(const KillOptions& options) {
  const std::filesystem::path log = options.work / "last.log";
  if (StartProgram(options, log).Wait() != 0) {
    return Status::Internal("the program failed:\n" + ReadFile(log));
  }
  TANDEM_RETURN_IF_ERROR(CheckStore(options));
  const Told told = ReadTold(options);
  if (options.example == "actor") return CheckBalance(options);
  if (told.finished.size() == static_cast<std::size_t>(options.count)) return Status::Ok();
  return Status::Internal("only " + std::to_string(told.finished.size()) + " have finished");
}

}  // namespace orchestrations
