#include "tandem/duroxide_runtime/internal/store/instance_index.h"

#include <vector>

#include "tandem/base/key_encoding.h"
#include "tandem/duroxide_runtime/internal/store/layout.h"

namespace duroxide::internal {

namespace {

std::vector<std::string> KeysOf(std::string_view instance, std::string_view orchestration,
                                std::string_view parent, InstanceState state) {
  std::vector<std::string> keys;
  keys.push_back(IndexAllPrefix().append(instance));
  keys.push_back(IndexStatePrefix(state).append(instance));
  keys.push_back(IndexNamePrefix(orchestration).append(instance));
  if (!parent.empty()) keys.push_back(IndexChildrenPrefix(parent).append(instance));
  return keys;
}

}  // namespace

tandem::StreamId IndexStream() { return {std::string(kIndexEntity), 0}; }

std::string IndexAllPrefix() { return "I"; }

std::string IndexStatePrefix(InstanceState state) {
  return std::string("S") + static_cast<char>(state);
}

// Escaped, which ends the name: a list of `pay` must not find instances of `payout`.
std::string IndexNamePrefix(std::string_view orchestration) {
  return tandem::KeyWriter('N').Escaped(orchestration).Take();
}

std::string IndexChildrenPrefix(std::string_view parent) {
  return tandem::KeyWriter('P').Escaped(parent).Take();
}

tandem::UpdateMetadata AddToIndex(std::string_view instance, std::string_view orchestration,
                                  std::string_view parent, InstanceState state) {
  tandem::UpdateMetadata update;
  update.stream = IndexStream();
  for (std::string& key : KeysOf(instance, orchestration, parent, state)) {
    update.set.emplace(std::move(key), "");
  }
  return update;
}

tandem::UpdateMetadata MoveInIndex(std::string_view instance, InstanceState from,
                                   InstanceState to) {
  tandem::UpdateMetadata update;
  update.stream = IndexStream();
  // The other keys name what never changes while the instance lives.
  update.erase.push_back(IndexStatePrefix(from).append(instance));
  update.set.emplace(IndexStatePrefix(to).append(instance), "");
  return update;
}

tandem::UpdateMetadata RemoveFromIndex(std::string_view instance, std::string_view orchestration,
                                       std::string_view parent, InstanceState state) {
  tandem::UpdateMetadata update;
  update.stream = IndexStream();
  update.erase = KeysOf(instance, orchestration, parent, state);
  return update;
}

}  // namespace duroxide::internal
