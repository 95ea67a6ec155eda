// docs/contract.md and the suite agree: each number has a case, and each case shows numbers that
// there are.

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>

#include "tandem/tests/provider_conformance/conformance.h"

namespace tandem::conformance {
namespace {

// The numbers at the heads of the contract's sentences: "* **E1** The first event ...".
std::set<std::string> NumbersOf(std::istream& text, std::set<std::string>* twice = nullptr) {
  static const std::regex kSentence(R"(^\* \*\*([A-Z][0-9]+)\*\* \S.*)");
  std::set<std::string> numbers;
  for (std::string line; std::getline(text, line);) {
    std::smatch match;
    if (!std::regex_match(line, match, kSentence)) continue;
    if (!numbers.insert(match[1]).second && twice != nullptr) twice->insert(match[1]);
  }
  return numbers;
}

std::set<std::string> NumbersOfContract(std::set<std::string>* twice = nullptr) {
  std::ifstream text(TANDEM_SOURCE_DIR "/docs/contract.md");
  return NumbersOf(text, twice);
}

std::map<std::string, int> CasesByNumber() {
  std::map<std::string, int> counts;
  for (const CaseInfo& info : Cases()) {
    for (const std::string& number : info.numbers) ++counts[number];
  }
  return counts;
}

TEST(ContractCoverageTest, EachNumberOfTheContractHasACase) {
  const std::map<std::string, int> counts = CasesByNumber();
  const std::set<std::string> numbers = NumbersOfContract();
  ASSERT_GE(numbers.size(), 90U) << "docs/contract.md was not understood";
  for (const std::string& number : numbers) EXPECT_TRUE(counts.contains(number)) << number;
}

TEST(ContractCoverageTest, EachCaseShowsNumbersOfTheContract) {
  const std::set<std::string> numbers = NumbersOfContract();
  for (const CaseInfo& info : Cases()) {
    EXPECT_FALSE(info.numbers.empty()) << info.chapter << "." << info.name;
    for (const std::string& number : info.numbers) {
      EXPECT_TRUE(numbers.contains(number)) << info.chapter << "." << info.name << ": " << number;
    }
  }
}

TEST(ContractCoverageTest, NumbersAndNamesAreUnique) {
  std::set<std::string> twice;
  NumbersOfContract(&twice);
  EXPECT_EQ(twice, std::set<std::string>());
  std::set<std::string> names;
  for (const CaseInfo& info : Cases()) {
    EXPECT_TRUE(names.insert(info.chapter + "." + info.name).second) << info.name;
  }
}

TEST(ContractCoverageTest, ReadsNumbersAtTheHeadsOfSentences) {
  std::istringstream text("# E9\n* **E1** The first.\n* see **E2**\n* **X12** More.\n**E3** No.\n");
  EXPECT_EQ(NumbersOf(text), (std::set<std::string>{"E1", "X12"}));
}

TEST(ContractCoverageTest, WhatAProviderLacksIsTold) {
  ProviderKind kind;
  EXPECT_EQ(NumbersSkipped(kind), std::set<std::string>());
  kind.missing = {Part::kCheckpoint};
  EXPECT_EQ(NumbersSkipped(kind), std::set<std::string>{"A8"});
  kind.missing = {Part::kAsynchronous};
  EXPECT_EQ(NumbersSkipped(kind), (std::set<std::string>{"B11", "D10", "R9"}));
}

}  // namespace
}  // namespace tandem::conformance
