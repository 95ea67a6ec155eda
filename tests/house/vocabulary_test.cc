#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "tandem/tests/house/vocabulary_rules.h"

namespace tandem::house {
namespace {

std::vector<std::string> TextsOf(std::string_view text) {
  std::vector<std::string> texts;
  for (const Word& word : Words(text)) texts.push_back(word.text);
  return texts;
}

std::size_t WordsFoundIn(const std::string& text) {
  return CheckVocabulary({"eventstore/a.h", text}).size();
}

TEST(Vocabulary, TheStoresKnowNoWordOfTheRuntime) {
  static const std::set<std::string> kFolders = {"base",  "eventstore", "messagequeue",
                                                 "batch", "providers",  "sourcing"};
  Findings findings;
  for (const SourceFile& file : ProjectFiles()) {
    if (!kFolders.contains(file.folder()) || file.path.starts_with("base/umbrella/")) continue;
    std::ranges::copy(CheckVocabulary(file), std::back_inserter(findings));
  }
  EXPECT_TRUE(findings.empty()) << ToString(findings);
}

TEST(Vocabulary, FlagsWordsInCommentsStringsAndNames) {
  EXPECT_EQ(WordsFoundIn("// The history of an Instance.\n"), 2U);
  EXPECT_EQ(WordsFoundIn("class TimerQueue; int next_activity; auto kWorkflowMax = \"duroxide\";"),
            4U);
  EXPECT_EQ(WordsFoundIn("struct RunOrchestrations;"), 1U);
}

TEST(Vocabulary, LeavesOtherWordsAlone) {
  EXPECT_EQ(WordsFoundIn("// for instance, an aggregate; prehistory; reactivity; Instant"), 0U);
  EXPECT_EQ(WordsFoundIn("set_stats_level(rocksdb::StatsLevel::kExceptTimers);"), 0U);
}

TEST(Vocabulary, SplitsNamesIntoWords) {
  EXPECT_EQ(TextsOf("kTimerMax RPCName snake_case2x"),
            (std::vector<std::string>{"k", "timer", "max", "rpc", "name", "snake", "case", "x"}));
}

}  // namespace
}  // namespace tandem::house
