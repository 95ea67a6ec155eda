#pragma once

// Histories that instances have written, to be replayed against other code: before a deployment,
// the histories of what runs in production against the new build; in a repository, golden histories
// that must go on to replay. It records what a replay takes: the history of one execution,
// and the key-value map that it began with.
//
//   for (const auto& recorded : *ReadRecorded(provider, "order-7")) {
//     ASSERT_TRUE(WriteHistoryFile(path, recorded).ok());
//   }
//   EXPECT_EQ(FindDivergence(*ReadHistoryFile(path), registry), std::nullopt);

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tandem/batch/provider.h"
#include "tandem/duroxide_runtime/history.h"
#include "tandem/duroxide_runtime/kv_entry.h"
#include "tandem/duroxide_runtime/registry.h"
#include "tandem/duroxide_runtime/status.h"

namespace duroxide::testing {

struct RecordedHistory {
  std::string instance = {};
  std::uint64_t execution = 1;
  KvEntries kv = {};  // before the execution
  History history = {};

  bool operator==(const RecordedHistory&) const = default;
};

// All executions of the instance that are still there, the oldest first; none if there is no such
// instance. Errors: Unsupported, if an execution was pruned whose history could not be read (with
// which key-value map the next one began is not known then); those of the store.
Result<std::vector<RecordedHistory>> ReadRecorded(tandem::Provider& provider,
                                                  std::string_view instance);

// Where the code in the registry no longer does what history holds, in words: the event, what was
// expected and what was asked for. nullopt: it replays. A step that was recorded is not run.
std::optional<std::string> FindDivergence(const RecordedHistory& recorded,
                                          const Registry& registry);

// A text file; each event in words, then as it is stored:
//
//   duroxide-history 1
//   instance 6f726465722d37
//   execution 1
//   kv 6b6579 1000000000000000 76616c7565
//   # 1 Started "order" 1.0.0 input "..."
//   event 0000000012000000...
//
// Errors of writing: IoError. Of reading: NotFound, IoError, Corruption, Unsupported (a newer
// format or kind of event).
Status WriteHistoryFile(const std::filesystem::path& path, const RecordedHistory& recorded);
Result<RecordedHistory> ReadHistoryFile(const std::filesystem::path& path);

// The same text to and from a stream. `where` names it in errors.
Status WriteHistory(std::ostream& out, const RecordedHistory& recorded);
Result<RecordedHistory> ReadHistory(std::istream& in, const std::string& where);

}  // namespace duroxide::testing
