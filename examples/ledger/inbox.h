#pragma once

// The inbox: how far the input has been decided. Each lane has a checkpoint, the last row of it
// that is done, as metadata of ("inbox", 0). It moves in the batch that decides the row, which
// demands the checkpoint before it. So a row is decided and passed over in one step, or not at all.

#include <array>
#include <optional>
#include <utility>

#include <tandem/tandem.h>
#include "examples/ledger/codec.h"
#include "examples/ledger/row_source.h"
#include "examples/ledger/transaction.h"

namespace ledger {

const tandem::StreamId& InboxStream();

using Inbox = std::array<std::optional<Checkpoint>, kLanes>;

tandem::Result<Inbox> ReadInbox(tandem::Provider& store);

// Passes over what has been decided, and notices an input that is not the one read before.
class ResumeFilter {
 public:
  explicit ResumeFilter(Inbox inbox) : inbox_(std::move(inbox)) {}

  // Whether the row was decided by an earlier process. To be asked for every row, in order.
  // InvalidArgument: at the checkpoint stood another row.
  tandem::Result<bool> IsDone(const Transaction& row);

  // InvalidArgument if the input ended before a row that had been decided.
  tandem::Status CheckEnd() const;

 private:
  const Inbox inbox_;
  std::array<bool, kLanes> met_ = {};
};

// Reads the whole input, and says whether it is the one read before, before anything is decided on
// it. It may have grown since.
tandem::Status CheckInput(const Inbox& inbox, RowSource& source);

}  // namespace ledger
