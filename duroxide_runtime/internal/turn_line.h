#pragma once

// Instances that have a turn to run because an activity has ended, and wait for a thread to run it.
// Who brings one either serves the line, which is to run the turns of what waits, several at a time
// and stored side by side, until it is empty; or leaves it to those who do, and turns to its next
// activity. So while some threads wait for a flush, the others go on working.
//
// Two serve before anything waits, as many as there are commits under way at a time (one is written
// while the next is staged); then as many as it takes to serve all in one portion each
// (TurnPortion). What waits is always waited for by a thread that serves. Thread-safe.

#include <chrono>
#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "duroxide_runtime/internal/turn_inbox.h"
#include "duroxide_runtime/internal/turn_portion.h"

namespace duroxide::internal {

class TurnLine {
 public:
  // Serve without a look at how many wait.
  static constexpr std::size_t kServersAtOnce = 2;

  using Runners = std::vector<TurnInbox::Runner>;

  // Puts it in line. True: the caller serves from now on, until Next says that there is nothing.
  bool Join(TurnInbox::Runner runner) {
    const auto line = line_.Lock();
    line->waiting.push_back(std::move(runner));
    const std::size_t served = line->servers * portion_.instances_max();
    const bool serves = line->servers < kServersAtOnce || line->waiting.size() > served;
    if (serves) ++line->servers;
    return serves;
  }

  // The next portion. Empty: the caller serves no more.
  Runners Next() {
    Runners portion;
    const auto line = line_.Lock();
    while (!line->waiting.empty() && portion.size() < portion_.instances_max()) {
      portion.push_back(std::move(line->waiting.front()));
      line->waiting.pop_front();
    }
    if (portion.empty()) --line->servers;
    return portion;
  }

  // How long the code of a portion ran.
  void Note(std::size_t instances, std::chrono::microseconds code) {
    portion_.Note(instances, code);
  }
  void OnlyOne() { portion_.OnlyOne(); }

 private:
  struct Line {
    std::deque<TurnInbox::Runner> waiting;
    std::size_t servers = 0;
  };

  TurnPortion portion_;
  tandem::Guarded<Line> line_;
};

}  // namespace duroxide::internal
