#pragma once

// Which names and ids are valid, and the ids that are made for children.

#include <cstdint>
#include <string>
#include <string_view>

#include "tandem/duroxide_runtime/status.h"

namespace duroxide::internal {

// In the ids of children to whom nobody has given one; nobody else's id may contain it.
inline constexpr std::string_view kChildMark = "::sub::";

// Of orchestrations, activities, events, keys, steps and patches: InvalidArgument
// (empty), TooLarge. `what` names the argument in the message.
Status CheckName(std::string_view what, std::string_view name);

// Of an id that exists or not: InvalidArgument (empty), TooLarge.
Status CheckInstance(std::string_view instance);

// Of an id that somebody wants to give: InvalidArgument also for one that is reserved.
Status CheckNewInstance(std::string_view instance);

// Of the tag of an activity; empty is one too: TooLarge, InvalidArgument (its queue would be that
// of the dead letters of another).
Status CheckTag(std::string_view tag);

// child id := parent '::sub::' execution:decimal '.' number:decimal      of a parent without the
// mark
//           | root '::sub::' 16 hexadecimal digits                       of a parent that has it
//
// "order-7::sub::1.2": the second child of the first execution. Unique: the execution numbers of
// an id never repeat, not even after the instance was deleted. An instance that descends from such
// a child is named after the same root, "order-7::sub::5f0c0de15ba11ad5", so that ids do not grow
// with the depth; the digits are `random`, which has to be the same on every replay.
std::string ChildId(std::string_view parent, std::uint64_t execution, std::uint64_t number,
                    std::uint64_t random);

// Whether an instance of that id may be there already: it was given by somebody, or is random.
bool MayBeTaken(std::string_view child);

}  // namespace duroxide::internal
