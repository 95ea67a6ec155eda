#include "tandem/tests/provider_random/fuzz.h"

#include "tandem/tests/provider_random/generator.h"
#include "tandem/tests/provider_random/shrink.h"

namespace tandem::testing {

namespace {

std::size_t LengthOf(std::uint64_t seed) { return 40 + seed * 2'654'435'761U % 200; }

std::string DescribeFailed(const Script& script, const SubjectFactory& factory,
                           std::uint64_t seed) {
  const auto disagreement = Play(script, factory);
  return "seed " + std::to_string(seed) + ", " +
         (disagreement.has_value() ? disagreement->ToString(script)
                                   : "does not fail again:\n" + ToString(script));
}

}  // namespace

FuzzReport Fuzz(std::uint64_t seed, const SubjectFactory& factory,
                const std::function<bool(std::size_t sequences)>& more) {
  FuzzReport report;
  const auto fails = [&factory](const Script& script) { return Play(script, factory).has_value(); };
  for (; more(report.tally.sequences); ++seed) {
    const Script script = Generator(seed).Make(LengthOf(seed));
    const auto disagreement = Play(script, factory, &report.tally);
    if (!disagreement.has_value()) continue;
    // What comes after the step that showed it is of no use.
    report.script = Script(script.begin(),
                           script.begin() + static_cast<std::ptrdiff_t>(disagreement->step) + 1);
    if (fails(report.script)) report.script = Shrink(report.script, fails);
    report.failure = DescribeFailed(report.script, factory, seed);
    return report;
  }
  return report;
}

std::string ToString(const Tally& tally) {
  std::size_t steps = 0;
  for (const auto& [verb, count] : tally.steps) steps += verb.starts_with(' ') ? 0 : count;
  std::string text = std::to_string(tally.sequences) + " sequences, " + std::to_string(steps) +
                     " steps, " + std::to_string(tally.lost_steps) + " of them lost by crashes\n";
  for (const auto& [verb, count] : tally.steps) {
    text += "  " + verb + " " + std::to_string(count) + "\n";
  }
  text += "outcomes\n";
  for (const auto& [outcome, count] : tally.outcomes) {
    text += "  " + outcome + " " + std::to_string(count) + "\n";
  }
  return text;
}

}  // namespace tandem::testing
