#include "examples/orchestrations/actor.h"

#include <string>

namespace orchestrations {

namespace {

using duroxide::Result;
using duroxide::Task;

// What a command does to the account. A plain function: it is tested without any runtime.
void Apply(Account& account, const Command& command) {
  account.commands = command.number;
  if (account.balance + command.amount < 0) {
    ++account.refused;
  } else {
    account.balance += command.amount;
  }
}

Task<Result<Account>> Actor(duroxide::OrchestrationContext ctx, Account account) {
  for (int i = 0; i < kCommandsPerExecution; ++i) {
    const Result<Command> command = co_await ctx.WaitForEvent(kCommand);
    if (!command.ok()) {
      // Nobody can make this event readable: an actor that ended of it would be worse.
      ctx.Log(duroxide::LogLevel::kWarning, "not a command: " + command.status().ToString());
      continue;
    }
    if (command->number <= account.commands) continue;  // was sent twice
    Apply(account, *command);
    ctx.SetKv(std::string(kAccountKey), account);
    ctx.SetCustomStatus(std::to_string(account.commands) + " commands, balance " +
                        std::to_string(account.balance));
    if (command->stop) {
      ctx.Log(duroxide::LogLevel::kInfo, "stopped after " + *ctx.custom_status());
      co_return account;
    }
  }
  ctx.Log(duroxide::LogLevel::kInfo, "continues as new after " + ctx.custom_status().value_or(""));
  co_return ctx.ContinueAsNew(kActor, account);
}

}  // namespace

void RegisterActor(duroxide::Registry& registry) { registry.Add(kActor, Actor); }

}  // namespace orchestrations

std::string duroxide::Codec<orchestrations::Command>::Encode(
    const orchestrations::Command& command) {
  return orchestrations::EncodeFields(command.number, command.amount, command.stop);
}
duroxide::Result<orchestrations::Command> duroxide::Codec<orchestrations::Command>::Decode(
    std::string_view bytes) {
  return orchestrations::DecodeFields<orchestrations::Command, std::int64_t, std::int64_t, bool>(
      bytes);
}

std::string duroxide::Codec<orchestrations::Account>::Encode(
    const orchestrations::Account& account) {
  return orchestrations::EncodeFields(account.balance, account.commands, account.refused);
}
duroxide::Result<orchestrations::Account> duroxide::Codec<orchestrations::Account>::Decode(
    std::string_view bytes) {
  return orchestrations::DecodeFields<orchestrations::Account, std::int64_t, std::int64_t,
                                      std::int64_t>(bytes);
}
