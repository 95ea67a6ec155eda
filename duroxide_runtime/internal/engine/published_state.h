#pragma once

// What clients can read of an instance: its custom status and its key-value map. Both outlive the
// execution; each change is a command.

#include <optional>
#include <string>
#include <utility>

#include "tandem/duroxide_runtime/internal/engine/call_guard.h"
#include "tandem/duroxide_runtime/internal/engine/command_log.h"
#include "tandem/duroxide_runtime/internal/engine/execution_facts.h"
#include "tandem/duroxide_runtime/internal/engine/kv_state.h"

namespace duroxide::internal {

class PublishedState {
 public:
  // `kv`: what earlier executions have left. The others outlive the state.
  PublishedState(const ExecutionFacts& facts, CallGuard& guard, CommandLog& commands, KvEntries kv)
      : facts_(facts), guard_(guard), commands_(commands), kv_(std::move(kv)) {}
  PublishedState(const PublishedState&) = delete;
  PublishedState& operator=(const PublishedState&) = delete;

  // As the execution before has left it.
  void InheritCustomStatus(const CustomStatus& status) { custom_status_ = status; }

  void SetCustomStatus(std::optional<std::string> value);
  const CustomStatus& custom_status() const { return custom_status_; }

  void SetKv(const std::string& key, std::string value);
  void EraseKv(const std::string& key);
  const KvState& kv() const { return kv_; }

 private:
  const ExecutionFacts& facts_;
  CallGuard& guard_;
  CommandLog& commands_;
  CustomStatus custom_status_;
  KvState kv_;
};

}  // namespace duroxide::internal
