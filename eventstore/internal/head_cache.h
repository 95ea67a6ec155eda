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

#include "tandem/eventstore/internal/event_values.h"

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
    auto& slot = slots_[SlotOf(stream)];
    if (slot.has_value() && slot->first == stream) {
      slot->second = head;
      return;
    }
    if (slot.has_value()) --known_[HashOf(slot->first.entity) % kSlots];
    ++known_[HashOf(stream.entity) % kSlots];
    slot.emplace(stream, head);
  }

  // Looks at every slot, if some stream of the entity may be known.
  void ForgetEntity(std::string_view entity) {
    std::size_t& known = known_[HashOf(entity) % kSlots];
    if (known == 0) return;
    for (auto& slot : slots_) {
      if (!slot.has_value() || slot->first.entity != entity) continue;
      slot.reset();
      --known;
    }
  }

 private:
  static std::size_t HashOf(std::string_view entity) {
    return std::hash<std::string_view>()(entity);
  }
  static std::size_t SlotOf(const StreamId& stream) {
    return (HashOf(stream.entity) + stream.partition) % kSlots;
  }

  std::vector<std::optional<std::pair<StreamId, Head>>> slots_{kSlots};
  // How many slots hold streams of entities with that hash.
  std::vector<std::size_t> known_ = std::vector<std::size_t>(kSlots);
};

}  // namespace tandem::internal
