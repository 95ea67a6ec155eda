#pragma once

// When something becomes due in a store: messages that become visible, leases that run out. Noted
// as operations pass by, so a simulation knows how far it may skip.

#include <optional>
#include <set>
#include <vector>

#include "tandem/base/clock.h"
#include "tandem/batch/batch.h"

namespace duroxide::testing {

class EventTimes {
 public:
  void Note(tandem::Timestamp time) { times_.insert(time); }
  // What the operations, applied at `now`, make due later.
  void Note(const tandem::Batch& operations, tandem::Timestamp now);

  // The first time after `now`; nullopt if nothing is due ever.
  std::optional<tandem::Timestamp> NextAfter(tandem::Timestamp now);

 private:
  std::set<tandem::Timestamp> times_;
};

}  // namespace duroxide::testing
