#pragma once

// One kill of the demonstration: start the program on an example, SIGKILL it in the middle, look
// into its store and its world.

#include <cstdint>
#include <filesystem>
#include <random>
#include <string>

#include <tandem/tandem.h>

namespace orchestrations {

struct KillOptions {
  std::filesystem::path program;  // the orchestrations executable
  std::filesystem::path work;     // where the store, the journal and the logs are
  std::string example;            // order_saga, booking or actor
  std::int64_t count = 0;         // of orders, stays or commands
  std::uint64_t lines_max = 1;    // the kill comes when the program has told fewer lines than these
};

struct KillResult {
  bool killed = false;      // false: it had come to its end before
  std::uint64_t lines = 0;  // that it had told by then
};

// Kills the program at a random line, and a moment later. Then all that it has told must hold:
// orders that it has started are there, those that it has seen finished are finished, and of each
// that has finished, all is done or all is undone; each night that is booked has one mail, and each
// result of an activity that books has its night. Internal, with the reason, if not. `number`
// names its log.
tandem::Result<KillResult> KillOnce(const KillOptions& options, std::size_t number,
                                    std::mt19937_64& random);

// Lets it finish. All orders and bookings must have finished as above; the actor's balance must be
// the sum of all commands, each once. Internal if not.
tandem::Status FinishAndCheck(const KillOptions& options);

}  // namespace orchestrations
