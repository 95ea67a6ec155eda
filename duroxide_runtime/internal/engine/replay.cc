#include "tandem/duroxide_runtime/internal/engine/replay.h"

#include "tandem/duroxide_runtime/internal/engine/poison.h"

namespace duroxide::internal {

namespace {

std::string Divergence(EventId id, const HistoryBody* recorded, const HistoryBody* asked) {
  std::string text = "the code no longer matches the history at event " + std::to_string(id) + ": ";
  if (recorded != nullptr) {
    text += "history holds " + Describe(*recorded);
  } else {
    text += "history ends before it";
  }
  if (asked != nullptr) {
    text += IsEnd(*asked) ? ", but the code ended here with " : ", but the code asked for ";
    text += Describe(*asked);
  } else {
    text += ", but the code asked for nothing more and waits";
  }
  return text +
         ". Restore the code that wrote this history (nothing is lost, the instance then goes on), "
         "or register the changed code as a new version for new instances.";
}

class Replayer {
 public:
  Replayer(Execution& execution, const History& history)
      : execution_(execution), history_(history) {}

  std::optional<std::string> Run() {
    while (position_ < history_.size()) {
      const EventId id = position_ + 1;
      const HistoryEvent& input = history_[position_++];
      if (!IsInput(input.body) || !execution_.Accepts(input.body)) {
        return Misplaced(id, input.body);
      }
      const auto asked = execution_.Replay(id, input, RecordedCommands());
      if (auto divergence = Match(asked)) return divergence;
    }
    return std::nullopt;
  }

 private:
  std::span<const HistoryEvent> RecordedCommands() const {
    std::size_t end = position_;
    while (end < history_.size() && !IsInput(history_[end].body)) ++end;
    return std::span(history_).subspan(position_, end - position_);
  }

  // What follows the input in history must be exactly what the code asked for.
  std::optional<std::string> Match(const std::vector<HistoryBody>& asked) {
    for (const HistoryBody& body : asked) {
      const HistoryBody* recorded = Recorded();
      if (recorded == nullptr || !SameOutput(*recorded, body)) {
        if (SkipPoisonedEnd()) return std::nullopt;
        return Divergence(position_ + 1, recorded, &body);
      }
      ++position_;
    }
    const HistoryBody* next = Recorded();
    if (next != nullptr && !IsInput(*next) && !execution_.ended() && !SkipPoisonedEnd()) {
      return Divergence(position_ + 1, next, nullptr);
    }
    return std::nullopt;
  }

  // The end of a poisoned instance is not of the code's making (internal/engine/poison.h):
  // cancellations, then the failure. False if that is not what history holds from here on.
  bool SkipPoisonedEnd() {
    const auto* failed = std::get_if<OrchestrationFailed>(&history_.back().body);
    if (failed == nullptr || failed->failure.category != FailureCategory::kPoison) return false;
    for (std::size_t i = position_; i + 1 < history_.size(); ++i) {
      if (!IsPoisonCancellation(history_[i].body)) return false;
    }
    position_ = history_.size();
    return true;
  }

  const HistoryBody* Recorded() const {
    return position_ < history_.size() ? &history_[position_].body : nullptr;
  }

  Execution& execution_;
  const History& history_;
  std::size_t position_ = 0;  // the next event
};

}  // namespace

std::optional<std::string> Replay(Execution& execution, const History& history) {
  return Replayer(execution, history).Run();
}

std::string Misplaced(EventId id, const HistoryBody& body) {
  return "the history is damaged at event " + std::to_string(id) + ": " + Describe(body) +
         " does not belong there";
}

}  // namespace duroxide::internal
