#include "tandem/tests/provider_random/generator.h"

#include <algorithm>

namespace tandem::testing {

Script Generator::Make(std::size_t steps) {
  // Some scripts are rather about events, some rather about messages.
  messages_percent_ = 20 + Dice(4) * 20;
  std::string text;
  for (std::size_t i = 0; i < steps; ++i) text += NextStep() + "\n";
  return ParseScript(text + "dump\n");
}

std::string Generator::NextStep() {
  const std::size_t dice = Dice(100);
  if (dice < 48) return Batch();
  if (dice < 65) return Dice(100) < messages_percent_ ? Dequeue() : Batch();
  if (dice < 73) {
    const std::uint64_t milliseconds = Once(20) ? 90'000'000 : Dice(3) * 500 + Dice(2);
    now_ += milliseconds;
    return "advance " + std::to_string(milliseconds);
  }
  if (dice < 77) return "renew " + Token() + " " + std::to_string(Dice(4) * 700);
  if (dice < 86) return Look();
  if (dice < 94) return Administer();
  if (dice < 95) return "flush";
  if (dice < 96) return Once(2) ? "reopen" : SetClock();
  if (dice < 97) return "crash " + std::to_string(Dice(5) * 25);
  return "dump";
}

std::string Generator::SetClock() {
  // With new ids: a clock that is set back may bring one back that was forgotten, or dropped.
  ++clocks_;
  repeats_.clear();
  return "set-clock " + Pick({"-1", "-500", "-3600000", "3600000", "-1500000000000"});
}

std::string Generator::Payload() {
  const std::size_t bytes = Dice(8);
  if (bytes == 0) return "''";
  std::string payload = Pick({"x", "y", "z", "\\0"});
  while (payload.size() < bytes) payload += static_cast<char>('a' + Dice(26));
  return payload;
}

std::string Generator::Expectation() {
  const std::size_t dice = Dice(6);
  if (dice < 2) return "";
  if (dice == 2) return " expect=none";
  if (dice == 3) return " expect=exists";
  return " expect=" + Number(5);
}

// Rather a recent one.
std::string Generator::Token() {
  if (Once(30)) return Pick({"malformed", "foreign"});
  const std::size_t back =
      Once(4) ? Dice(dequeues_ + 1) : Dice(std::min<std::size_t>(4, dequeues_ + 1));
  const std::string name =
      "t" + std::to_string(dequeues_ - back) + "." + (Once(3) ? Number(3) : "0");
  return Once(40) ? "!" + name : name;
}

std::string Generator::Delay() { return Once(3) ? " delay=" + std::to_string(Dice(5) * 400) : ""; }

std::string Generator::Batch() {
  if (!repeats_.empty() && Once(12)) return Pick(repeats_);
  std::string batch = Once(4) ? "batch sync" : "batch";
  const bool has_id = Once(8);
  if (has_id) {
    batch += " id=" + Pick({"b1", "b2", "b3", "b4", "b5"}) + "-" + std::to_string(clocks_);
  }
  for (std::size_t i = Once(3) ? Dice(5) : 1; i > 0; --i) batch += " | " + Operation();
  if (has_id) repeats_.push_back(batch);
  return batch;
}

std::string Generator::Operation() {
  return Dice(100) < messages_percent_ ? QueueOperation() : EventOperation();
}

std::string Generator::EventOperation() {
  const std::size_t dice = Dice(20);
  if (dice < 9) {
    std::string append = "append " + Stream();
    for (std::size_t i = Once(8) ? 0 : 1 + Dice(3); i > 0; --i) append += " " + Payload();
    return append + Expectation();
  }
  if (dice < 13) {
    std::string update = "metadata " + Stream();
    for (std::size_t i = Dice(3); i > 0; --i) update += " " + MetadataKey() + ":" + Payload();
    for (std::size_t i = Dice(3); i > 0; --i) update += " -" + MetadataKey();
    return update;
  }
  if (dice < 15) return "check-version " + Stream() + Expectation();
  if (dice < 16) {
    return "check-metadata " + Stream() + " " + MetadataKey() + (Once(3) ? " is=" + Payload() : "");
  }
  if (dice < 19 || Once(2)) return "delete-partition " + Stream();
  return "delete-entity " + Entity();
}

std::string Generator::QueueOperation() {
  const std::size_t dice = Dice(20);
  if (dice < 10) {
    std::string enqueue = "enqueue " + Queue() + " " + Payload();
    if (Once(2)) enqueue += " group=" + Group();
    if (Once(3)) enqueue += " key=" + Key();
    if (Once(8))
      enqueue +=
          " at=" + std::to_string(now_ - std::min<std::uint64_t>(now_, 1000) + Dice(7) * 500);
    return enqueue + Delay();
  }
  if (dice < 13) return "ack " + Token();
  if (dice < 17) return "abandon " + Token() + Delay() + (Once(2) ? " uncounted" : "");
  if (dice < 19 || Once(2)) return "cancel " + Queue() + " " + Key();
  return "delete-group " + Queue() + " " + Group();
}

std::string Generator::Dequeue() {
  std::string dequeue = "dequeue t" + std::to_string(++dequeues_) + " " + Queue();
  for (std::size_t i = Dice(3); i > 1; --i) dequeue += "," + Queue();
  dequeue += " lease=" + std::to_string(1 + Dice(4) * 600);
  if (!Once(3)) dequeue += " max=" + std::to_string(1 + Dice(5));
  if (Once(4)) dequeue += " bytes=" + Number(20);
  if (Once(3)) dequeue += " groups=" + std::to_string(1 + Dice(4));
  if (Once(3)) dequeue += " deliveries=" + std::to_string(1 + Dice(3));
  return dequeue;
}

std::string Generator::Look() {
  const auto limit = [this](const std::string& name) {
    return Once(2) ? " " + name + "=" + Number(4) : std::string();
  };
  switch (Dice(5)) {
    case 0:
      return "latest " + Entity();
    case 1:
      return "read-metadata " + Stream() + (Once(2) ? " prefix=" + Pick({"m", "n"}) : "") +
             (Once(2) ? " after=" + MetadataKey() : "") + limit("limit");
    case 2:
      return "feed " + Number(40) + limit("limit") + (Once(3) ? " bytes=" + Number(20) : "");
    default:
      return "read " + Stream() + (Once(2) ? " from=" + Number(8) : "") +
             (Once(2) ? " backward" : "") + limit("max") + (Once(3) ? " bytes=" + Number(20) : "");
  }
}

std::string Generator::Administer() {
  const std::string limit = Once(2) ? " limit=" + Number(4) : "";
  switch (Dice(9)) {
    case 0:
      return "list-entities" + limit + (Once(3) ? " after=" + Entity() : "");
    case 1:
      return "list-partitions " + Entity() + limit + (Once(3) ? " after=" + Number(4) : "");
    case 2:
      return "list-queues" + limit + (Once(3) ? " prefix=" + Queue() : "");
    case 3:
      return "statistics " + Queue();
    case 4:
      return "browse " + Queue() + (Once(3) ? " limit=" + std::to_string(1 + Dice(3)) : "");
    case 5:
      return (Once(3) ? "purge " : "statistics ") + Queue();
    case 6:
      return "truncate " + Stream() + " " + Number(6);
    case 7:
      return "verify";
    default:
      return "redrive " + Pick({"q", "q", "r"});
  }
}

}  // namespace tandem::testing
