#include "tandem/duroxide_runtime/internal/engine/names.h"

#include <cstdio>

#include "tandem/base/limits.h"
#include "tandem/duroxide_runtime/limits.h"

namespace duroxide::internal {

namespace {

// What DeadLetterQueue (messagequeue/message_queue.h) appends.
constexpr std::string_view kDeadLetters = "/dead";

Status Check(std::string_view what, std::string_view name, std::size_t max) {
  if (name.empty()) return Status::InvalidArgument("the " + std::string(what) + " is empty");
  if (name.size() <= max) return Status::Ok();
  return tandem::OverLimit("the " + std::string(what), name.size(), max);
}

}  // namespace

Status CheckName(std::string_view what, std::string_view name) {
  return Check(what, name, kNameBytesMax);
}

Status CheckInstance(std::string_view instance) {
  return Check("instance id", instance, kInstanceIdBytesMax);
}

Status CheckNewInstance(std::string_view instance) {
  const Status status = CheckInstance(instance);
  if (!status.ok()) return status;
  if (instance.find(kChildMark) != std::string_view::npos) {
    return Status::InvalidArgument("an instance id with '" + std::string(kChildMark) +
                                   "' is reserved for children");
  }
  return Status::Ok();
}

Status CheckTag(std::string_view tag) {
  if (tag.size() > kTagBytesMax) return tandem::OverLimit("the tag", tag.size(), kTagBytesMax);
  if (!("/" + std::string(tag)).ends_with(kDeadLetters)) return Status::Ok();
  return Status::InvalidArgument("tag '" + std::string(tag) + "' is reserved: the queue '.." +
                                 std::string(kDeadLetters) + "' is for dead letters");
}

std::string ChildId(std::string_view parent, std::uint64_t execution, std::uint64_t number,
                    std::uint64_t random) {
  const std::size_t mark = parent.find(kChildMark);
  std::string id(parent.substr(0, mark));
  id.append(kChildMark);
  if (mark == std::string_view::npos) {
    return id.append(std::to_string(execution)).append(".").append(std::to_string(number));
  }
  char digits[17];
  std::snprintf(digits, sizeof(digits), "%016llx", static_cast<unsigned long long>(random));
  return id.append(digits);
}

bool MayBeTaken(std::string_view child) {
  const std::size_t mark = child.find(kChildMark);
  if (mark == std::string_view::npos) return true;
  return child.find('.', mark + kChildMark.size()) == std::string_view::npos;
}

}  // namespace duroxide::internal
