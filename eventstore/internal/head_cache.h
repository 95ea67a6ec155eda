#pragma once

// The heads of streams that were looked at or changed last, as everything that is staged leaves
// them: an append to a busy stream need not search the database for where the stream ends. Of
// bounded size; not thread-safe.

#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "eventstore/internal/event_values.h"

namespace tandem::internal {

class HeadCache {
 public:
  static constexpr std::size_t kSlots = 4096;  // each for one of the streams that hash to it

  // Null if the head is not known.
  const Head* Find(const StreamId& stream) const {
    const auto& slot = slots_[SlotOf(stream)];
    return slot.has_value() && slot->first == stream ? &slot->second : nullptr;
  }

  void Set(const StreamId& stream, const Head& head) {
    slots_[SlotOf(stream)].emplace(stream, head);
  }

  // Looks at every slot: for what is rare.
  void ForgetEntity(std::string_view entity) {
    for (auto& slot : slots_) {
      if (slot.has_value() && slot->first.entity == entity) slot.reset();
    }
  }

 private:
  static std::size_t SlotOf(const StreamId& stream) {
    return (std::hash<std::string_view>()(stream.entity) + stream.partition) % kSlots;
  }

  std::vector<std::optional<std::pair<StreamId, Head>>> slots_{kSlots};
};

}  // namespace tandem::internal
