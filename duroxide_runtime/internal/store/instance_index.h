#pragma once

// The index of all instances, for lists: metadata of one stream of the runtime's own, changed in
// the batches that change what it says. It serves queries only; no turn reads it. Its values are
// empty.
//
//   all      := 'I' instance:raw
//   state    := 'S' state:u8 instance:raw
//   name     := 'N' orchestration:escaped instance:raw
//   children := 'P' parent:escaped child:raw

#include <string>
#include <string_view>

#include "tandem/duroxide_runtime/instance_status.h"
#include "tandem/eventstore/event_store.h"

namespace duroxide::internal {

tandem::StreamId IndexStream();

std::string IndexAllPrefix();
std::string IndexStatePrefix(InstanceState state);
std::string IndexNamePrefix(std::string_view orchestration);
std::string IndexChildrenPrefix(std::string_view parent);

// Operations of a batch. `parent` may be empty.
tandem::UpdateMetadata AddToIndex(std::string_view instance, std::string_view orchestration,
                                  std::string_view parent, InstanceState state);
tandem::UpdateMetadata MoveInIndex(std::string_view instance, InstanceState from, InstanceState to);
tandem::UpdateMetadata RemoveFromIndex(std::string_view instance, std::string_view orchestration,
                                       std::string_view parent, InstanceState state);

}  // namespace duroxide::internal
