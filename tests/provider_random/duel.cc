#include "tandem/tests/provider_random/duel.h"

#include <list>
#include <memory>
#include <utility>

#include "tandem/tests/provider_random/player.h"

namespace tandem::testing {

namespace {

// One possible course of the model.
struct Model {
  Player player;
  std::unique_ptr<MemorySubject> store;
};

class Duel {
 public:
  Duel(const SubjectFactory& factory, Tally* tally)
      : tally_(tally), start_(clock().Now()), player_(start_), subject_(factory(clock())) {
    models_.push_back(Model{Player(start_), std::make_unique<MemorySubject>(clock())});
    Remember();
  }

  // The outcomes that differ: model, store.
  std::optional<std::pair<std::string, std::string>> Play(const Step& step) {
    Count(step);
    if (step.verb == "advance") {
      clock().Advance(std::chrono::milliseconds(std::stoll(step.Word(0))));
      return std::nullopt;
    }
    if (step.verb == "reopen") return Reopen();
    if (step.verb == "set-clock") {
      clocks_.emplace_back(clock().Now() + std::chrono::milliseconds(std::stoll(step.Word(0))));
      return Reopen();
    }
    if (step.verb == "crash") return Crash(std::stoull(step.Word(0)));
    const std::string actual = player_.Play(step, subject_->provider());
    if (step.verb == "batch" || step.verb == "dequeue") {
      ++tally_->outcomes[step.verb + " " + actual.substr(0, actual.find_first_of(" \n"))];
    }
    std::string expected;
    std::erase_if(models_, [&](Model& model) {
      expected = model.player.Play(step, model.store->provider());
      return expected != actual;
    });
    if (models_.empty()) return std::pair(expected, actual);
    const bool sync = step.verb == "batch" && step.HasWord("sync") && actual.starts_with("Ok");
    if (sync || step.verb == "flush") moments_.clear();
    Remember();
    return std::nullopt;
  }

 private:
  ManualClock& clock() { return clocks_.back(); }

  void Count(const Step& step) {
    ++tally_->steps[step.verb];
    for (const Step& operation : step.operations) ++tally_->steps["  " + operation.verb];
  }

  void Remember() {
    for (const Model& model : models_) moments_.push_back(model.store->Image());
  }

  std::optional<std::pair<std::string, std::string>> Reopen() {
    subject_->Reopen(clock());
    for (Model& model : models_) model.store->Reopen(clock());
    moments_.clear();  // to open is to flush
    Remember();
    return std::nullopt;
  }

  std::optional<std::pair<std::string, std::string>> Crash(std::uint64_t percent) {
    subject_->Crash(percent);
    const std::string actual = Dump(subject_->provider());
    std::string expected;
    // Also tokens that were issued and lost are known: they are of a life before.
    const Player player = models_.front().player;
    models_.clear();
    std::size_t lost = 0;
    for (auto moment = moments_.rbegin(); moment != moments_.rend(); ++moment) {
      Model model{player, std::make_unique<MemorySubject>(clock(), *moment)};
      const std::string dump = Dump(model.store->provider());
      if (expected.empty()) expected = "without the crash: " + dump;
      if (dump == actual) {
        models_.push_back(std::move(model));
      } else if (models_.empty()) {
        ++lost;
      }
    }
    if (models_.empty()) return std::pair(expected, actual);
    tally_->lost_steps += lost;
    moments_.clear();
    Remember();
    return std::nullopt;
  }

  std::list<ManualClock> clocks_{1};  // the last is that of all stores
  Tally* const tally_;
  const Timestamp start_;
  Player player_;
  std::unique_ptr<Subject> subject_;
  std::vector<Model> models_;
  std::vector<MemoryImage> moments_;  // the models after each step since the last flush
};

}  // namespace

std::string Disagreement::ToString(const Script& script) const {
  return "step " + std::to_string(step + 1) + ": " + testing::ToString(script[step]) +
         "\n  model: " + expected + "\n  store: " + actual + "\nscript:\n" +
         testing::ToString(script);
}

std::optional<Disagreement> Play(const Script& script, const SubjectFactory& factory,
                                 Tally* tally) {
  Tally ignored;
  Duel duel(factory, tally == nullptr ? &ignored : tally);
  for (std::size_t i = 0; i < script.size(); ++i) {
    if (const auto outcomes = duel.Play(script[i])) {
      return Disagreement{i, outcomes->first, outcomes->second};
    }
  }
  if (tally != nullptr) ++tally->sequences;
  return std::nullopt;
}

}  // namespace tandem::testing
