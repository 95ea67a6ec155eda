#include "tandem/tests/provider_conformance/conformance.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <list>

#include "tandem/tests/provider_conformance/internal/case_list.h"
#include "tandem/tests/provider_conformance/internal/conformance_test.h"

namespace tandem::conformance {

Chapter& EventsChapter();
Chapter& ReadingChapter();
Chapter& TailChapter();
Chapter& FeedChapter();
Chapter& MetadataChapter();
Chapter& DeletingChapter();
Chapter& EnqueueChapter();
Chapter& DequeueChapter();
Chapter& GroupsChapter();
Chapter& WaitingChapter();
Chapter& AsyncWaitingChapter();
Chapter& LeasesChapter();
Chapter& CancellingChapter();
Chapter& DeadLettersChapter();
Chapter& BatchesChapter();
Chapter& PreconditionsChapter();
Chapter& VisibilityChapter();
Chapter& DurabilityChapter();
Chapter& LimitsChapter();
Chapter& BatchIdsChapter();
Chapter& EventAdminChapter();
Chapter& QueueAdminChapter();
Chapter& StatisticsChapter();
Chapter& StoreAdminChapter();
Chapter& ClockChapter();

namespace {

struct NamedChapter {
  const char* name;
  Chapter* cases;
};

auto Chapters() {
  return std::to_array<NamedChapter>({{"Events", &EventsChapter()},
                                      {"Reading", &ReadingChapter()},
                                      {"Tail", &TailChapter()},
                                      {"Feed", &FeedChapter()},
                                      {"Metadata", &MetadataChapter()},
                                      {"Deleting", &DeletingChapter()},
                                      {"Enqueue", &EnqueueChapter()},
                                      {"Dequeue", &DequeueChapter()},
                                      {"Groups", &GroupsChapter()},
                                      {"Waiting", &WaitingChapter()},
                                      {"AsyncWaiting", &AsyncWaitingChapter()},
                                      {"Leases", &LeasesChapter()},
                                      {"Cancelling", &CancellingChapter()},
                                      {"DeadLetters", &DeadLettersChapter()},
                                      {"Batches", &BatchesChapter()},
                                      {"Preconditions", &PreconditionsChapter()},
                                      {"Visibility", &VisibilityChapter()},
                                      {"Durability", &DurabilityChapter()},
                                      {"Limits", &LimitsChapter()},
                                      {"BatchIds", &BatchIdsChapter()},
                                      {"EventAdmin", &EventAdminChapter()},
                                      {"QueueAdmin", &QueueAdminChapter()},
                                      {"Statistics", &StatisticsChapter()},
                                      {"StoreAdmin", &StoreAdminChapter()},
                                      {"Clock", &ClockChapter()}});
}

std::string Joined(const std::vector<std::string>& numbers) {
  std::string joined;
  for (const std::string& number : numbers) joined += (joined.empty() ? "" : ", ") + number;
  return joined;
}

bool IsSkipped(const std::vector<Part>& needs, const ProviderKind& kind) {
  return std::ranges::any_of(needs, [&](Part part) { return kind.missing.contains(part); });
}

}  // namespace

std::vector<CaseInfo> Cases() {
  std::vector<CaseInfo> infos;
  for (const auto& [chapter, cases] : Chapters()) {
    for (const Case& each : *cases) {
      infos.push_back({chapter, each.name, each.shows.numbers(), each.shows.needs()});
    }
  }
  return infos;
}

void RegisterCases(const ProviderKind& kind) {
  // GoogleTest makes the tests when they run.
  static std::list<ProviderKind> kinds;
  const ProviderKind* const kept = &kinds.emplace_back(kind);
  for (const auto& [chapter, cases] : Chapters()) {
    const std::string suite = std::string(chapter) + "_" + kind.name;
    for (const Case& each : *cases) {
      // A failure then names the numbers as the value of the test's parameter.
      const std::string numbers = Joined(each.shows.numbers());
      ::testing::RegisterTest(suite.c_str(), each.name, nullptr, numbers.c_str(), each.file,
                              each.line, [kept, &each]() -> ConformanceTest* {
                                ConformanceTest* const test = each.make();
                                test->Configure(kept, &each.shows);
                                return test;
                              });
    }
  }
}

std::set<std::string> NumbersSkipped(const ProviderKind& kind) {
  std::set<std::string> shown;
  std::set<std::string> skipped;
  for (const CaseInfo& info : Cases()) {
    (IsSkipped(info.needs, kind) ? skipped : shown)
        .insert(info.numbers.begin(), info.numbers.end());
  }
  for (const std::string& number : shown) skipped.erase(number);
  return skipped;
}

}  // namespace tandem::conformance
