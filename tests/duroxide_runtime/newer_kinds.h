#pragma once

// Records of a kind that only a newer version of the runtime knows: what its schema writes whose
// union has one more member, and that one is set.

#include <string>

namespace duroxide::testing {

std::string NewerHistoryEvent();
std::string NewerWorkItem();

}  // namespace duroxide::testing
