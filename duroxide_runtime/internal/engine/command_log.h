#pragma once

// The commands that the code has issued since the engine last took them, in order, and how much it
// may still issue in answer to the input that was delivered last (a step). While replaying it also
// knows what history holds there.
//
// Separate because the place of a command decides its id: the n-th one behind an input is the n-th
// event behind it, whoever has issued it.

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "tandem/duroxide_runtime/internal/engine/call_guard.h"
#include "tandem/duroxide_runtime/internal/engine/operation_table.h"
#include "tandem/duroxide_runtime/internal/records/history.h"
#include "tandem/duroxide_runtime/status.h"

namespace duroxide::internal {

// Why an execution ends that asks for more than a step may.
Status TooMuchAtOnce();

class CommandLog {
 public:
  // `guard` outlives the log.
  explicit CommandLog(CallGuard& guard) : guard_(guard) {}
  CommandLog(const CommandLog&) = delete;
  CommandLog& operator=(const CommandLog&) = delete;

  // A full budget. `recorded`: while replaying, the events behind the input in history; valid until
  // the next call.
  void BeginStep(std::span<const HistoryEvent> recorded);

  // False if the command is not recorded, because the execution is about to end.
  bool Issue(HistoryBody command);

  // The same in two, for one that starts an operation: whether it fits, and only then the command.
  bool Admit(std::string_view what, const HistoryBody& command);
  void IssueStart(std::size_t operation, HistoryBody command);
  // The operation that was started last has its result at once: nothing will follow it. It counts
  // by its bytes alone, so that any number of unread events can be read.
  void CountAsReceipt();
  // Always fits: open operations have a limit of their own.
  void IssueCancel(const OpenOperation& operation);

  // The command that history holds where the next one will stand; null while not replaying.
  const HistoryBody* NextRecorded() const;
  // The last one that history holds behind the input; null if there is none.
  const HistoryBody* LastRecorded() const;

  // The commands since the last call, as the history events that record them; the first gets the id
  // `first_id`, and the operations that they start are known by these ids from now on.
  std::vector<HistoryBody> Record(EventId first_id, OperationTable& operations);

 private:
  struct Command {
    HistoryBody body;
    std::optional<std::size_t> operation;  // that it starts, or cancels before that is recorded
  };

  CallGuard& guard_;
  std::vector<Command> commands_;
  std::size_t step_commands_ = 0;  // since BeginStep
  std::size_t step_bytes_ = 0;     // of their names and values
  std::span<const HistoryEvent> recorded_;
};

}  // namespace duroxide::internal
