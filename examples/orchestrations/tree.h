#pragma once

// A recursive orchestration: the sum of a tree, each subtree an instance of its own. As soon as a
// node fails, everything that is still at work anywhere in the tree is cancelled.
//
// What to learn here: children; the first failure among many; cancellation goes down by itself,
// since a parent that ends, however it ends, cancels the children that it still has.

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include <tandem/duroxide.h>
#include "examples/orchestrations/fields.h"

namespace orchestrations {

struct Tree {
  Tree() = default;
  Tree(std::int64_t of_node, std::vector<Tree> below)
      : value(of_node), subtrees(std::move(below)) {}

  std::int64_t value = 0;
  std::vector<Tree> subtrees;
};

}  // namespace orchestrations

ORCHESTRATIONS_DECLARE_CODEC(orchestrations::Tree);

namespace orchestrations {

inline constexpr duroxide::Orchestration<std::int64_t(Tree)> kTree("tree");

// What the activity makes of a node's value.
using WeighNode =
    std::function<duroxide::Result<std::int64_t>(duroxide::ActivityContext&, std::int64_t)>;

void RegisterTree(duroxide::Registry& registry, const WeighNode& weigh);

}  // namespace orchestrations
