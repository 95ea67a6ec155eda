#include "examples/ledger/transaction.h"

namespace ledger {

// FNV-1a: the same on every machine and forever, which std::hash does not promise.
std::size_t LaneOf(const Transaction& row) {
  std::uint64_t hash = 14'695'981'039'346'656'037U;
  for (const char c : row.Owner()) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 1'099'511'628'211U;
  }
  return static_cast<std::size_t>((hash ^ (hash >> 32)) % kLanes);
}

std::string LaneName(std::size_t lane) {
  return {static_cast<char>('0' + lane / 10), static_cast<char>('0' + lane % 10)};
}

}  // namespace ledger
