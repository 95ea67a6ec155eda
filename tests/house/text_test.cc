#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <string>

#include "tandem/tests/house/text_rules.h"

namespace tandem::house {
namespace {

std::string TextVerdict(const std::string& path, const std::string& text) {
  return ToString(CheckText({path, text}));
}

TEST(HouseText, EveryFileKeepsTheRules) {
  EXPECT_GT(ProjectFiles().size(), 20U) << "nothing was read";
  Findings findings;
  for (const SourceFile& file : ProjectFiles()) {
    std::ranges::copy(CheckText(file), std::back_inserter(findings));
  }
  EXPECT_TRUE(findings.empty()) << ToString(findings);
}

TEST(HouseText, FlagsWhatIsLeftToDo) {
  EXPECT_EQ(TextVerdict("docs/a.md",
                        "x\n"
                        "TO"
                        "DO: y\n"),
            "docs/a.md:2: something is left to do\n");
  EXPECT_NE(TextVerdict("base/a.cc",
                        "// FIX"
                        "ME\n"),
            "");
  EXPECT_EQ(TextVerdict("base/a.cc", "// toDOlist\n"), "");
}

TEST(HouseText, FlagsPathsOfOneMachine) {
  EXPECT_NE(TextVerdict("docs/a.md",
                        "see /ho"
                        "me/ann/x\n"),
            "");
  EXPECT_NE(TextVerdict("dev",
                        "cd '/wo"
                        "rk/main'\n"),
            "");
  EXPECT_EQ(TextVerdict("docs/a.md", "see docs/work/x and /usr/bin/env\n"), "");
}

TEST(HouseText, FlagsIdiomsThatAreHardToRead) {
  EXPECT_NE(TextVerdict("base/a.h",
                        "#pragma once\n// Waits for ev"
                        "er.\n"),
            "");
  EXPECT_NE(TextVerdict("docs/a.md",
                        "no thread is to be ha"
                        "d\n"),
            "");
  EXPECT_EQ(TextVerdict("docs/a.md", "for every thread, forever\n"), "");
}

// Cut in two, as in the rules.
TEST(HouseText, FlagsEachIdiom) {
  for (const char* const idiom : {"for ev"
                                  "er",
                                  "to be ha"
                                  "d",
                                  "how-man"
                                  "ieth",
                                  "by whom"
                                  "ever",
                                  "whosoev"
                                  "er",
                                  "is reck"
                                  "oned",
                                  "the same moo"
                                  "ds",
                                  "to whom it conc"
                                  "erns",
                                  "of none not"
                                  "hing",
                                  "his ow"
                                  "n"}) {
    EXPECT_NE(TextVerdict("docs/a.md", std::string("x ") + idiom + ".\n"), "") << idiom;
    EXPECT_NE(TextVerdict("base/a.cc", std::string("f(\"") + idiom + "\");\n"), "") << idiom;
    EXPECT_EQ(TextVerdict("docs/style.md", std::string(idiom) + "\n"), "") << idiom;
  }
}

TEST(HouseText, FlagsTestsThatSleepOrDoNotRun) {
  EXPECT_NE(TextVerdict("tests/a.cc", "std::this_thread::sleep_for(1s);\n"), "");
  EXPECT_NE(TextVerdict("tests/a.cc", "TEST(A, DISABLED_Works) {}\n"), "");
  EXPECT_NE(TextVerdict("tests/a.cc", "if (slow) GTEST_SKIP();\n"), "");
  EXPECT_EQ(
      TextVerdict("tests/provider_conformance/internal/conformance_test.cc", "GTEST_SKIP();\n"),
      "");
  EXPECT_EQ(TextVerdict("tests/a.cc", "// never sleep(1)\n"), "");
}

TEST(HouseText, FlagsTestsThatSpin) {
  EXPECT_EQ(TextVerdict("tests/a.cc", "while (!done) std::this_thread::yield();\n"),
            "tests/a.cc:1: a test waits for a fact: it does not look again and again\n");
  EXPECT_NE(TextVerdict("tests/a.h", "#pragma once\nsched_yield();\n"), "");
  EXPECT_EQ(TextVerdict("tests/a.cc", "// no std::this_thread::yield()\n"), "");
  EXPECT_EQ(TextVerdict("benchmarks/a.cc", "std::this_thread::yield();\n"), "");
}

TEST(HouseText, FlagsWritesPastTheCommitLatch) {
  EXPECT_NE(TextVerdict("eventstore/a.cc", "db->Write(rocksdb::WriteOptions(), &b);\n"), "");
  EXPECT_EQ(TextVerdict("batch/a.cc", "db->Write(rocksdb::WriteOptions(), &b);\n"), "");
}

TEST(HouseText, FlagsLocksThatTheCompilerCannotCheck) {
  EXPECT_NE(TextVerdict("batch/a.cc", "std::mutex mutex_;\n"), "");
  EXPECT_NE(TextVerdict("base/a.cc", "const std::lock_guard lock(mutex_);\n"), "");
  EXPECT_NE(TextVerdict("base/a.h",
                        "#pragma once\nint idle_ = 0;  // guar"
                        "ded by mutex_\n"),
            "");
  EXPECT_EQ(TextVerdict("base/a.h", "#pragma once\nint idle_ TANDEM_GUARDED_BY(mutex_) = 0;\n"),
            "");
  EXPECT_EQ(TextVerdict("tests/a.cc", "std::mutex mutex;\n"), "");
}

TEST(HouseText, FlagsLongFilesAndUnguardedHeaders) {
  std::string text = "#pragma once\n";
  for (std::size_t i = 1; i < kFileLinesMax; ++i) text += "\n";
  EXPECT_EQ(TextVerdict("base/a.h", text), "");
  EXPECT_NE(TextVerdict("base/a.h", text + "\n"), "");
  EXPECT_NE(TextVerdict("base/a.h", "// A header.\n"), "");
}

TEST(CodeOnlyTest, BlanksCommentsAndLiteralsInPlace) {
  EXPECT_EQ(CodeOnly("a // b\nc"), "a     \nc");
  EXPECT_EQ(CodeOnly("a /* b\n */ c"), "a     \n    c");
  EXPECT_EQ(CodeOnly(R"(f("x\"y", 'z');)"), R"(f("    ", ' ');)");
  EXPECT_EQ(CodeOnly("R\"(a\"b)\" + c"), "         + c");
  EXPECT_EQ(CodeOnly("65'536 + 'a'"), "65'536 + ' '");
  EXPECT_EQ(CodeOnly("#include \"base/x.h\"\n"), "#include \"base/x.h\"\n");
}

}  // namespace
}  // namespace tandem::house
