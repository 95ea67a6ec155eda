#include "examples/ledger/inbox.h"

#include <cstddef>
#include <map>
#include <string>

namespace ledger {

namespace {

using tandem::Result;
using tandem::Status;

Status OtherInput(const Checkpoint& checkpoint, const std::string& found) {
  return Status::InvalidArgument("this store was fed from another input: there row " +
                                 std::to_string(checkpoint.row) + " was '" + checkpoint.id +
                                 "', here " + found + "; name that input, or another --store");
}

}  // namespace

const tandem::StreamId& InboxStream() {
  static const tandem::StreamId kStream{"inbox", 0};
  return kStream;
}

Result<Inbox> ReadInbox(tandem::Provider& store) {
  tandem::MetadataOptions options;
  options.limit = kLanes;
  TANDEM_ASSIGN_OR_RETURN(const auto page, store.ReadMetadata(InboxStream(), options));
  const std::map<std::string, std::string> stored(page.entries.begin(), page.entries.end());
  Inbox inbox;
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    const auto found = stored.find(LaneName(lane));
    if (found == stored.end()) continue;
    TANDEM_ASSIGN_OR_RETURN(inbox[lane], DecodeCheckpoint(found->second));
  }
  return inbox;
}

Result<bool> ResumeFilter::IsDone(const Transaction& row) {
  const std::size_t lane = LaneOf(row);
  const std::optional<Checkpoint>& checkpoint = inbox_[lane];
  if (!checkpoint.has_value()) return false;
  if (row.row == checkpoint->row && row.id == checkpoint->id) met_[lane] = true;
  // A row of this lane at or behind the checkpoint, and the checkpoint's own was not there.
  if (row.row >= checkpoint->row && !met_[lane]) {
    return OtherInput(*checkpoint, "row " + std::to_string(row.row) + " is '" + row.id + "'");
  }
  return row.row <= checkpoint->row;
}

Status ResumeFilter::CheckEnd() const {
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    if (inbox_[lane].has_value() && !met_[lane]) {
      return OtherInput(*inbox_[lane], "there is no such row");
    }
  }
  return Status::Ok();
}

Status CheckInput(const Inbox& inbox, RowSource& source) {
  ResumeFilter filter(inbox);
  Transaction row;
  while (true) {
    TANDEM_ASSIGN_OR_RETURN(const bool more, source.Next(row));
    if (!more) return filter.CheckEnd();
    TANDEM_RETURN_IF_ERROR(filter.IsDone(row).status());
  }
}

}  // namespace ledger
