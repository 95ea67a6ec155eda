#include "tandem/duroxide_runtime/testing/internal/event_times.h"

namespace duroxide::testing {

void EventTimes::Note(const tandem::Batch& batch, tandem::Timestamp now) {
  // A new operation is to be looked at here: does something become visible at a later time?
  static_assert(std::variant_size_v<tandem::Operation> == 11);
  for (const tandem::Operation& operation : batch.operations()) {
    if (const auto* enqueue = std::get_if<tandem::Enqueue>(&operation)) {
      const tandem::EnqueueOptions& options = enqueue->options;
      Note(options.visible_at.value_or(tandem::SaturatingAdd(now, options.delay.value())));
    } else if (const auto* abandon = std::get_if<tandem::AbandonMessages>(&operation)) {
      Note(tandem::SaturatingAdd(now, abandon->delay.value()));
    }
  }
}

std::optional<tandem::Timestamp> EventTimes::NextAfter(tandem::Timestamp now) {
  times_.erase(times_.begin(), times_.upper_bound(now));
  if (times_.empty() || *times_.begin() == tandem::kNever) return std::nullopt;
  return *times_.begin();
}

}  // namespace duroxide::testing
