#include "examples/ledger/codec.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <utility>
#include <vector>

namespace ledger {

namespace {

using tandem::Result;
using tandem::Status;

constexpr char kTab = '\t';
constexpr std::string_view kSnapshotVersion = "1";

constexpr std::array<std::pair<EventKind, std::string_view>, 4> kKinds = {{
    {EventKind::kIn, "in"},
    {EventKind::kOut, "out"},
    {EventKind::kNotEnough, "not-enough"},
    {EventKind::kOverLimit, "over-limit"},
}};
constexpr std::array<std::pair<Verdict, std::string_view>, 3> kVerdicts = {{
    {Verdict::kDone, "done"},
    {Verdict::kNotEnough, "not-enough"},
    {Verdict::kOverLimit, "over-limit"},
}};

template <typename Words, typename Value>
std::string WordOf(const Words& words, Value value) {
  return std::string(
      std::ranges::find(words, value, [](const auto& entry) { return entry.first; })->second);
}

Status Unreadable(std::string_view what, std::string_view text) {
  return Status::Corruption("ledger " + std::string(what),
                            "unreadable: '" + std::string(text.substr(0, 200)) + "'");
}

// Takes a record apart; what can't be read makes the whole unreadable.
class Fields {
 public:
  explicit Fields(std::string_view text) : rest_(text) {}

  std::string_view Text() {
    if (ended_) valid_ = false;
    const std::size_t tab = rest_.find(kTab);
    const std::string_view field = rest_.substr(0, tab);
    ended_ = tab == std::string_view::npos;
    rest_.remove_prefix(ended_ ? rest_.size() : tab + 1);
    return field;
  }

  template <typename Number>
  Number Decimal() {
    const std::string_view field = Text();
    Number number = 0;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), number);
    if (error != std::errc() || end != field.data() + field.size()) valid_ = false;
    return number;
  }

  template <typename Words>
  auto Word(const Words& words) {
    const std::string_view field = Text();
    const auto* const found =
        std::ranges::find(words, field, [](const auto& entry) { return entry.second; });
    if (found != words.end()) return found->first;
    valid_ = false;
    return words.front().first;
  }

  // Everything was there, was readable, and there is no more.
  bool Complete() const { return valid_ && ended_; }

 private:
  std::string_view rest_;
  bool valid_ = true;
  bool ended_ = false;
};

std::string Joined(std::initializer_list<std::string> fields) {
  std::string text;
  for (const std::string& field : fields) text.append(field).push_back(kTab);
  text.pop_back();
  return text;
}

}  // namespace

std::string EncodeEvent(const AccountEvent& event) {
  return Joined({WordOf(kKinds, event.kind), std::to_string(event.amount), event.id, event.other,
                 event.memo});
}

Result<AccountEvent> DecodeEvent(std::string_view text) {
  Fields fields(text);
  AccountEvent event;
  event.kind = fields.Word(kKinds);
  event.amount = fields.Decimal<Cents>();
  event.id = fields.Text();
  event.other = fields.Text();
  event.memo = fields.Text();
  if (!fields.Complete()) return Unreadable("event", text);
  return event;
}

std::string EncodeOutcome(const Outcome& outcome) {
  return Joined({WordOf(kVerdicts, outcome.verdict), std::to_string(outcome.row),
                 std::to_string(outcome.amount), outcome.id, outcome.from, outcome.to});
}

Result<Outcome> DecodeOutcome(std::string_view text) {
  Fields fields(text);
  Outcome outcome;
  outcome.verdict = fields.Word(kVerdicts);
  outcome.row = fields.Decimal<std::uint64_t>();
  outcome.amount = fields.Decimal<Cents>();
  outcome.id = fields.Text();
  outcome.from = fields.Text();
  outcome.to = fields.Text();
  if (!fields.Complete()) return Unreadable("message", text);
  return outcome;
}

std::string EncodeSnapshot(const Account& account) {
  return Joined({std::string(kSnapshotVersion), std::to_string(account.balance),
                 std::to_string(account.in), std::to_string(account.out),
                 std::to_string(account.refused)});
}

std::optional<Account> DecodeSnapshot(std::string_view text) {
  Fields fields(text);
  const bool known = fields.Text() == kSnapshotVersion;
  Account account;
  account.balance = fields.Decimal<Cents>();
  account.in = fields.Decimal<std::uint64_t>();
  account.out = fields.Decimal<std::uint64_t>();
  account.refused = fields.Decimal<std::uint64_t>();
  if (!known || !fields.Complete()) return std::nullopt;
  return account;
}

std::string EncodeCheckpoint(const Checkpoint& checkpoint) {
  return Joined({std::to_string(checkpoint.row), checkpoint.id});
}

Result<Checkpoint> DecodeCheckpoint(std::string_view text) {
  Fields fields(text);
  Checkpoint checkpoint;
  checkpoint.row = fields.Decimal<std::uint64_t>();
  checkpoint.id = fields.Text();
  if (!fields.Complete()) return Unreadable("checkpoint", text);
  return checkpoint;
}

std::string EncodeCounts(const Counts& counts) {
  return Joined({std::to_string(counts.messages), std::to_string(counts.done),
                 std::to_string(counts.refused)});
}

Result<Counts> DecodeCounts(std::string_view text) {
  Fields fields(text);
  Counts counts;
  counts.messages = fields.Decimal<std::uint64_t>();
  counts.done = fields.Decimal<std::uint64_t>();
  counts.refused = fields.Decimal<std::uint64_t>();
  if (!fields.Complete()) return Unreadable("counts", text);
  return counts;
}

Result<Cents> DecodeCents(std::string_view text) {
  Fields fields(text);
  const Cents cents = fields.Decimal<Cents>();
  if (!fields.Complete()) return Unreadable("balance", text);
  return cents;
}

}  // namespace ledger
