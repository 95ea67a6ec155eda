#include "examples/ledger/teller.h"

#include <algorithm>
#include <utility>

#include "examples/ledger/codec.h"

namespace ledger {

namespace {

using tandem::Result;
using tandem::Status;

// Each lost race was won by somebody: this many in a row are a bug, not bad luck.
constexpr int kAttemptsMax = 1000;

void Record(const AccountEvent& event, Account& account, std::vector<std::string>& events) {
  Fold(account, event);
  events.push_back(EncodeEvent(event));
}

tandem::Enqueue MessageOf(const Transaction& row, Verdict verdict) {
  tandem::Enqueue message;
  message.queue = kOutbox;
  message.payload = EncodeOutcome({verdict, row.row, row.amount, row.id, row.from, row.to});
  message.options.group = LaneName(LaneOf(row));
  return message;
}

// Whether nothing but accounts was not as expected. The checks of the lanes come first in a batch.
bool OnlyAccountsMoved(const Status& status, std::size_t lanes) {
  return status.code() == tandem::StatusCode::kConflict &&
         std::ranges::none_of(status.failures(), [&](const tandem::OperationFailure& failure) {
           return failure.operation < lanes;
         });
}

}  // namespace

Status Teller::Apply(std::span<const Transaction> rows) {
  tandem::BatchOptions options;
  options.durability = options_.durability;
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    Draft draft;
    for (const Transaction& row : rows) TANDEM_RETURN_IF_ERROR(DecideRow(row, draft));
    const Status status = store_.AtomicBatch(OperationsOf(draft), options).status();
    if (status.ok()) {
      Committed(draft);
      return status;
    }
    if (!OnlyAccountsMoved(status, draft.lanes.size())) return status;
    ++stats_.conflicts;
    for (const auto& [name, touched] : draft.accounts) accounts_.Forget(name);
  }
  return Status::Internal("an account moved at every attempt to decide on it");
}

Status Teller::DecideRow(const Transaction& row, Draft& draft) {
  Touched* payer = nullptr;
  Touched* receiver = nullptr;
  if (!row.from.empty()) {
    TANDEM_ASSIGN_OR_RETURN(payer, Touch(row.from, draft));
  }
  if (!row.to.empty()) {
    TANDEM_ASSIGN_OR_RETURN(receiver, Touch(row.to, draft));
  }
  const Verdict verdict = Decide(payer == nullptr ? nullptr : &payer->account,
                                 receiver == nullptr ? nullptr : &receiver->account, row.amount);
  if (verdict == Verdict::kDone) {
    if (payer != nullptr) Record(PaidEvent(row), payer->account, payer->events);
    if (receiver != nullptr) Record(ReceivedEvent(row), receiver->account, receiver->events);
    ++draft.done;
  } else {
    Touched& owner = payer != nullptr ? *payer : *receiver;
    Record(RefusedEvent(row, verdict), owner.account, owner.events);
    ++draft.refused;
  }
  draft.messages.Add(MessageOf(row, verdict));
  draft.lanes[LaneOf(row)] = {row.row, row.id};
  return Status::Ok();
}

Result<Teller::Touched*> Teller::Touch(const std::string& name, Draft& draft) {
  const auto found = draft.accounts.find(name);
  if (found != draft.accounts.end()) return &found->second;
  TANDEM_ASSIGN_OR_RETURN(const Account account, accounts_.Get(name));
  return &draft.accounts.emplace(name, Touched{account.version(), account, {}}).first->second;
}

tandem::Batch Teller::OperationsOf(Draft& draft) const {
  tandem::Batch batch;
  std::map<std::string, std::string> moved;
  for (const auto& [lane, checkpoint] : draft.lanes) {
    std::optional<std::string> before;
    if (inbox_[lane].has_value()) before = EncodeCheckpoint(*inbox_[lane]);
    batch.CheckMetadata(InboxStream(), LaneName(lane), std::move(before));
    moved.emplace(LaneName(lane), EncodeCheckpoint(checkpoint));
  }
  batch.UpdateMetadata(InboxStream(), std::move(moved));
  for (auto& [name, touched] : draft.accounts) AddAccount(name, touched, batch);
  batch.Add(std::move(draft.messages));
  return batch;
}

void Teller::AddAccount(const std::string& name, Touched& touched, tandem::Batch& batch) const {
  const tandem::StreamId stream = AccountStream(name);
  const auto expected = tandem::Expected::Exactly(touched.version);
  if (touched.events.empty()) {
    // It had a say in a refusal, and must still be as it was.
    batch.CheckVersion(stream, expected);
    return;
  }
  batch.Append(stream, std::move(touched.events), expected);
  const std::uint64_t every = options_.snapshot_every;
  if (touched.account.version() / every == touched.version / every) return;
  batch.UpdateMetadata(stream, {{std::string(kSnapshotKey), EncodeSnapshot(touched.account)}});
}

void Teller::Committed(const Draft& draft) {
  for (const auto& [name, touched] : draft.accounts) accounts_.Keep(name, touched.account);
  for (const auto& [lane, checkpoint] : draft.lanes) inbox_[lane] = checkpoint;
  stats_.done += draft.done;
  stats_.refused += draft.refused;
  ++stats_.batches;
}

}  // namespace ledger
