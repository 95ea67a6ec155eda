#include "examples/ledger/projection.h"

#include <charconv>
#include <optional>
#include <utility>

#include "examples/ledger/teller.h"

namespace ledger {

namespace {

using tandem::Result;
using tandem::Status;

constexpr std::string_view kBalancePrefix = "balance/";
constexpr std::string_view kLanePrefix = "lane/";
constexpr std::string_view kCountsKey = "counts";

const tandem::StreamId& ViewStream() {
  static const tandem::StreamId kStream{"view", 0};
  return kStream;
}

std::optional<std::size_t> LaneNumber(std::string_view name) {
  std::size_t lane = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), lane);
  if (error != std::errc() || end != name.data() + name.size() || lane >= kLanes) {
    return std::nullopt;
  }
  return lane;
}

Status AddEntry(const std::string& key, const std::string& value, View& view) {
  if (key.starts_with(kBalancePrefix)) {
    TANDEM_ASSIGN_OR_RETURN(view.balances[key.substr(kBalancePrefix.size())], DecodeCents(value));
    return Status::Ok();
  }
  if (key == kCountsKey) {
    TANDEM_ASSIGN_OR_RETURN(view.counts, DecodeCounts(value));
    return Status::Ok();
  }
  const auto lane = key.starts_with(kLanePrefix)
                        ? LaneNumber(std::string_view(key).substr(kLanePrefix.size()))
                        : std::nullopt;
  if (!lane.has_value()) return Status::Corruption("ledger view", "unknown key '" + key + "'");
  TANDEM_ASSIGN_OR_RETURN(const Cents row, DecodeCents(value));
  view.rows[*lane] = static_cast<std::uint64_t>(row);
  return Status::Ok();
}

}  // namespace

Result<View> ReadView(tandem::Provider& store) {
  View view;
  tandem::MetadataOptions options;
  while (true) {
    TANDEM_ASSIGN_OR_RETURN(const auto page, store.ReadMetadata(ViewStream(), options));
    for (const auto& [key, value] : page.entries) {
      TANDEM_RETURN_IF_ERROR(AddEntry(key, value, view));
    }
    if (!page.more) return view;
    options.after = page.next;
  }
}

Projection::Projection(tandem::Provider& store, tandem::Durability durability, View view)
    : store_(&store), durability_(durability), view_(std::move(view)) {}

Result<Projection> Projection::Open(tandem::Provider& store, tandem::Durability durability) {
  TANDEM_ASSIGN_OR_RETURN(View view, ReadView(store));
  return Projection(store, durability, std::move(view));
}

Result<std::size_t> Projection::Step(const tandem::DequeueOptions& options) {
  TANDEM_ASSIGN_OR_RETURN(const auto messages, store_->Dequeue(std::string(kOutbox), options));
  if (messages.empty()) return std::size_t{0};
  TANDEM_ASSIGN_OR_RETURN(const Change change, ChangeOf(messages));
  // Messages of one group come under one token.
  TANDEM_RETURN_IF_ERROR(Commit(messages.front().lock_token, change));
  return messages.size();
}

Result<Projection::Change> Projection::ChangeOf(
    const std::vector<tandem::Delivery>& messages) const {
  Change change;
  const auto lane = LaneNumber(messages.front().group);
  if (!lane.has_value()) return Status::Corruption("ledger message", "it is of no lane");
  change.lane = *lane;
  change.row = view_.rows[*lane];
  for (const tandem::Delivery& message : messages) {
    TANDEM_ASSIGN_OR_RETURN(const Outcome outcome, DecodeOutcome(message.payload));
    // The store promises order and once. A broken promise must not go unnoticed.
    if (outcome.row <= change.row) {
      return Status::Internal("row " + std::to_string(outcome.row) + " came after row " +
                              std::to_string(change.row) + " of the same lane");
    }
    change.row = outcome.row;
    ++change.counts.messages;
    if (outcome.verdict != Verdict::kDone) {
      ++change.counts.refused;
      continue;
    }
    ++change.counts.done;
    if (!outcome.from.empty()) change.balances[outcome.from] -= outcome.amount;
    if (!outcome.to.empty()) change.balances[outcome.to] += outcome.amount;
  }
  return change;
}

Status Projection::Commit(const tandem::LockToken& token, const Change& change) {
  Counts counts = view_.counts;
  counts.messages += change.counts.messages;
  counts.done += change.counts.done;
  counts.refused += change.counts.refused;
  tandem::CheckMetadata before{ViewStream(), std::string(kCountsKey), std::nullopt};
  if (view_.counts.messages > 0) before.expected = EncodeCounts(view_.counts);
  tandem::UpdateMetadata update{ViewStream(), {}, {}};
  update.set.emplace(kCountsKey, EncodeCounts(counts));
  update.set.emplace(std::string(kLanePrefix) + LaneName(change.lane), std::to_string(change.row));
  for (const auto& [account, added] : change.balances) {
    update.set.emplace(std::string(kBalancePrefix) + account,
                       std::to_string(BalanceOf(account) + added));
  }
  tandem::BatchOptions options;
  options.durability = durability_;
  TANDEM_RETURN_IF_ERROR(
      store_
          ->AtomicBatch({tandem::DeleteMessages{token}, std::move(before), std::move(update)},
                        options)
          .status());
  for (const auto& [account, added] : change.balances) view_.balances[account] += added;
  view_.counts = counts;
  view_.rows[change.lane] = change.row;
  return Status::Ok();
}

Cents Projection::BalanceOf(const std::string& account) const {
  const auto found = view_.balances.find(account);
  return found == view_.balances.end() ? 0 : found->second;
}

}  // namespace ledger
