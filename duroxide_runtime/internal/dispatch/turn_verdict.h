#pragma once

// What became of one try to run and store a turn: one of these kinds, each with no more than what
// its end needs. A turn is stored whole or not at all. The fence is the version of the history: a
// turn that was run on an old one is a Conflict.

#include <cstddef>
#include <string>
#include <variant>
#include <vector>

#include "tandem/duroxide_runtime/status.h"

namespace duroxide::internal {

struct Stored {};

// Somebody else has the work of some causes now, or it was cancelled.
struct LeasesLost {
  std::vector<std::size_t> which;  // causes; empty: all
};

struct Conflict {};

// All causes together are more than a batch holds.
struct TooLarge {
  std::size_t left;  // items that did not fit; not 0
};

// A single item is, so that no portion of it could be stored.
struct ItemTooLarge {
  Status reason;
};

// The instance can't go on with the code at hand, or with the records that it has.
struct Stuck {
  std::string diagnosis;
  bool unregistered = false;  // another runtime may have the code
};

// No fault of the turn: the store could not be read, did not take the batch, or does not know
// whether it did (Indeterminate).
struct StoreTrouble {
  Status status;
};

using Verdict =
    std::variant<Stored, LeasesLost, Conflict, TooLarge, ItemTooLarge, Stuck, StoreTrouble>;

// One function for each kind, for std::visit. A new kind does not compile until each has one more,
// as long as none of them takes any kind.
template <typename... Functions>
struct ForEachKind : Functions... {
  using Functions::operator()...;
};
template <typename... Functions>
ForEachKind(Functions...) -> ForEachKind<Functions...>;

}  // namespace duroxide::internal
