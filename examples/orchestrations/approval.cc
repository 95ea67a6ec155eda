#include "examples/orchestrations/approval.h"

#include <chrono>
#include <vector>

namespace orchestrations {

namespace {

using duroxide::Result;
using duroxide::Status;
using duroxide::Task;
using duroxide::Unit;

constexpr duroxide::Activity<Unit(std::string)> kMail("mail");

std::vector<std::string> Stages() { return {"approver", "approver again", "chief"}; }

Task<Result<std::string>> Approval(duroxide::OrchestrationContext ctx, Request request) {
  const std::chrono::seconds patience(request.patience_seconds);
  duroxide::Future<std::string> decision = ctx.WaitForEvent(kDecided);
  for (const std::string& stage : Stages()) {
    duroxide::Timer late = ctx.StartTimer(patience);
    ctx.SetCustomStatus("waiting for the " + stage);
    const Result<Unit> mailed = co_await ctx.Call(kMail, stage + ": " + request.what);
    if (!mailed.ok()) ctx.Log(duroxide::LogLevel::kWarning, mailed.status().ToString());

    // By pointer: the decision is there for the next round too.
    const auto first = co_await WhenAny(&decision, &late);
    if (first.index() == 0) {
      const Result<std::string>& decided = std::get<0>(first);
      if (!decided.ok()) co_return decided.status();
      ctx.SetCustomStatus("decided");
      ctx.Log(duroxide::LogLevel::kInfo, request.what + ": " + *decided);
      co_return request.what + ": " + *decided;
    }
    ctx.Log(duroxide::LogLevel::kInfo, "no answer from the " + stage);
  }
  ctx.SetCustomStatus("given up");
  co_return Status::Unavailable("nobody has decided on " + request.what);
}

}  // namespace

void RegisterApproval(duroxide::Registry& registry, const std::shared_ptr<World>& world) {
  registry.Add(kApproval, Approval);
  registry.Add(
      kMail, [world](duroxide::ActivityContext& context, const std::string& text) -> Result<Unit> {
        TANDEM_RETURN_IF_ERROR(world->Hiccup(context));
        const std::string who = text.substr(0, text.find(':'));
        TANDEM_RETURN_IF_ERROR(world->Do("mail " + who + " " + CallName(context)));
        return Unit();
      });
}

}  // namespace orchestrations

std::string duroxide::Codec<orchestrations::Request>::Encode(
    const orchestrations::Request& request) {
  return orchestrations::EncodeFields(request.what, request.patience_seconds);
}
duroxide::Result<orchestrations::Request> duroxide::Codec<orchestrations::Request>::Decode(
    std::string_view bytes) {
  return orchestrations::DecodeFields<orchestrations::Request, std::string, std::int64_t>(bytes);
}
