#pragma once

// Records that no version of the runtime writes.

#include <string>

namespace duroxide::testing {

// A failure with so many causes: as a history event, and as a work item.
std::string HistoryEventWithCauses(unsigned causes);
std::string WorkItemWithCauses(unsigned causes);

}  // namespace duroxide::testing
