#pragma once

// The options and answers of a Client, besides the status of an instance (instance_status.h).
// Options are no aggregates: safe as temporaries beside a co_await on g++ 12.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "tandem/base/clock.h"
#include "tandem/duroxide_runtime/history.h"
#include "tandem/duroxide_runtime/instance_status.h"
#include "tandem/duroxide_runtime/orchestration_version.h"
#include "tandem/duroxide_runtime/timeout.h"

namespace duroxide {

// --- Starting -----------------------------------------------------------------------------------

class StartOptions {
 public:
  StartOptions() {}

  // Exactly this version, instead of the one that the registry's policy chooses where it starts.
  StartOptions& Version(OrchestrationVersion version) {
    version_ = version;
    return *this;
  }
  // The instance is Pending until then. Of Delay and At the one that was set last counts; a past
  // time is now.
  StartOptions& Delay(tandem::Saturated<std::chrono::milliseconds> delay) {
    delay_ = delay.value();
    at_.reset();
    return *this;
  }
  StartOptions& At(tandem::Timestamp time) {
    at_ = time;
    delay_ = std::chrono::milliseconds(0);
    return *this;
  }

  const std::optional<OrchestrationVersion>& version() const { return version_; }
  std::chrono::milliseconds delay() const { return delay_; }
  const std::optional<tandem::Timestamp>& at() const { return at_; }

 private:
  std::optional<OrchestrationVersion> version_;
  std::chrono::milliseconds delay_{0};
  std::optional<tandem::Timestamp> at_;
};

// --- Histories ----------------------------------------------------------------------------------

struct HistoryOptions {
  HistoryOptions() {}

  std::uint64_t execution = 0;  // 0: the latest
  EventId from = 1;
  std::size_t max_events = 1000;
  Timeout wait = std::chrono::milliseconds(0);  // for an event at or after `from`
  std::stop_token stop = {};                    // ends the wait early
};

struct HistoryPage {
  std::uint64_t execution = 0;
  EventId first = 0;  // of `events`; ids are consecutive
  std::vector<HistoryEvent> events = {};
  EventId next = 0;    // where the next page starts
  bool ended = false;  // the last of `events` ends the execution: no page follows
};

enum class ExecutionState : std::uint8_t {
  kRunning,
  kCompleted,
  kFailed,
  kCancelled,
  kContinuedAsNew,
};

// "ContinuedAsNew"
std::string_view ExecutionStateName(ExecutionState state);

struct ExecutionInfo {
  std::uint64_t execution = 0;
  ExecutionState state = ExecutionState::kRunning;
  OrchestrationVersion version = {};
  tandem::Timestamp started_at = {};
  tandem::Timestamp updated_at = {};  // of the last event
  std::uint64_t events = 0;           // in its history
};

struct ExecutionPage {
  std::vector<ExecutionInfo> executions = {};  // ascending
  bool more = false;                           // the next page is that after the last of these
};

struct InstanceStats {
  std::uint64_t executions = 0;      // with a history, those not pruned
  std::uint64_t history_events = 0;  // of the latest one
  std::uint64_t kv_keys = 0;
  std::uint64_t kv_bytes = 0;  // of the values
};

// --- The key-value map --------------------------------------------------------------------------

struct KvItem {
  std::string key = {};
  std::string value = {};  // encoded
  tandem::Timestamp updated_at = {};
};

// --- Lists --------------------------------------------------------------------------------------

// All that is set has to match.
struct InstanceFilter {
  InstanceFilter() {}

  std::optional<InstanceState> state = {};
  std::string orchestration = {};  // empty: any
  std::string id_prefix = {};
};

struct ListOptions {
  ListOptions() {}

  std::string after = {};    // only ids greater than this one; empty = from the first
  std::size_t limit = 1000;  // at most so many are looked at
};

struct InstanceEntry {
  std::string instance = {};
  InstanceStatus status = {};
};

struct InstancePage {
  std::vector<InstanceEntry> instances = {};  // by id, ascending in its bytes
  bool more = false;                          // the list may go on behind `next`; false is certain
  std::string next = {};                      // pass as `after`
  // Ids whose records are damaged, or of a newer version: nobody knows whether they match.
  std::vector<std::string> unreadable = {};
};

struct TreeEntry {
  std::string instance = {};
  std::string parent = {};  // empty for the root
  std::size_t depth = 0;    // of the root
  InstanceState state = InstanceState::kPending;
  std::string orchestration = {};  // empty: its records are unreadable, and the state is not known
};

// --- Deleting -----------------------------------------------------------------------------------

struct DeleteOptions {
  DeleteOptions() {}

  bool force = false;  // also what has not finished
};

struct DeleteResult {
  std::uint64_t instances = 0;
  // Of their histories; of an instance with more than 4,096 executions, those of the first.
  std::uint64_t events = 0;
};

struct PruneResult {
  std::uint64_t executions = 0;
  std::uint64_t events = 0;
};

}  // namespace duroxide
