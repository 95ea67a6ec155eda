#pragma once

// A human decides: the approver is asked, reminded after a while, then the request goes to the
// approver's chief; if nobody has decided in the end, it has failed.
//
// What to learn here: an event raced against a durable timer, round after round; the decision is
// heard whenever it comes, also while a mail is sent; a custom status that tells what the instance
// is waiting for.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include <tandem/duroxide.h>
#include "examples/orchestrations/fields.h"
#include "examples/orchestrations/world.h"

namespace orchestrations {

struct Request {
  Request() = default;
  Request(std::string wanted, std::int64_t seconds)
      : what(std::move(wanted)), patience_seconds(seconds) {}

  std::string what;
  std::int64_t patience_seconds = 86'400;  // before each reminder and escalation
};

}  // namespace orchestrations

ORCHESTRATIONS_DECLARE_CODEC(orchestrations::Request);

namespace orchestrations {

// The event: whatever its text, it is the decision. It may be raised as soon as the instance was
// started; a second one is ignored.
inline constexpr duroxide::Event<std::string> kDecided("decided");

// Gives "<what>: <decision>", or fails with Unavailable when nobody has decided.
inline constexpr duroxide::Orchestration<std::string(Request)> kApproval("approval");

// With its activity, whose effects are called `mail <who> <call>`.
void RegisterApproval(duroxide::Registry& registry, const std::shared_ptr<World>& world);

}  // namespace orchestrations
