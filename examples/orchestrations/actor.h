#pragma once

// An actor: one instance that stands for an account and lives as long as the account. Commands come
// as events and are dealt with one after the other; the state is the input of the next execution.
//
// What to learn here: events wait for their reader, also over continue-as-new, so none is lost;
// the sender numbers its commands, and the actor ignores what it has seen, so that a sender who
// does not know whether a command was stored sends it again; the key-value map answers queries.

#include <cstdint>
#include <string_view>

#include <tandem/duroxide.h>
#include "examples/orchestrations/fields.h"

namespace orchestrations {

struct Command {
  Command() = default;
  Command(std::int64_t place, std::int64_t change, bool last)
      : number(place), amount(change), stop(last) {}

  std::int64_t number = 0;  // 1, 2, 3, ... as sent by the one who sends
  std::int64_t amount = 0;  // paid in; below zero: withdrawn, unless that is more than there is
  bool stop = false;        // ends the actor
};

struct Account {
  Account() = default;
  Account(std::int64_t cents, std::int64_t last, std::int64_t no)
      : balance(cents), commands(last), refused(no) {}

  std::int64_t balance = 0;
  std::int64_t commands = 0;  // the number of the last one that was dealt with
  std::int64_t refused = 0;   // withdrawals of more than there was
};

}  // namespace orchestrations

ORCHESTRATIONS_DECLARE_CODEC(orchestrations::Command);
ORCHESTRATIONS_DECLARE_CODEC(orchestrations::Account);

namespace orchestrations {

constexpr int kCommandsPerExecution = 25;

// The event, and the key under which the account can be read at any time.
inline constexpr duroxide::Event<Command> kCommand("command");
inline constexpr std::string_view kAccountKey = "account";

// Starts with the account as it is given, and gives it as it was when the actor was stopped.
inline constexpr duroxide::Orchestration<Account(Account)> kActor("actor");

void RegisterActor(duroxide::Registry& registry);

}  // namespace orchestrations
