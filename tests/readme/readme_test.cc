// The code in the README and in pages of docs/ is that of programs which compile, run, and print
// what they should.

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "tandem/tests/readme/snippets.h"
#include "tandem/tests/support/temporary_directory.h"

namespace tandem::readme {
namespace {

const std::string kSource = TANDEM_SOURCE_DIR "/";
const std::vector<std::string> kReadmePrograms = {"shop", "outbox", "order", "timing"};
const std::vector<std::string> kEventSourcingPrograms = {"transfer"};
const std::vector<std::string> kCodecsPrograms = {"codecs"};
const std::vector<std::string> kSourcingPrograms = {"examples/programs/order"};

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::string Joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

struct Ended {
  int exit_status = -1;
  std::string output;
};

Ended RunProgram(const std::string& path) {
  Ended ended;
  FILE* const pipe = popen(("'" + path + "' 2>&1").c_str(), "r");
  if (pipe == nullptr) return ended;
  char buffer[4096];
  std::size_t count = 0;
  while ((count = fread(buffer, 1, sizeof(buffer), pipe)) > 0) ended.output.append(buffer, count);
  const int status = pclose(pipe);
  if (WIFEXITED(status)) ended.exit_status = WEXITSTATUS(status);
  return ended;
}

// The page shows exactly what the programs mark for it, by that word.
void ExpectShows(const std::string& page, const std::string& word,
                 const std::vector<std::string>& programs) {
  const auto blocks = CppBlocks(ReadFile(kSource + page), page);
  std::vector<Snippet> regions;
  for (const std::string& program : programs) {
    const bool is_example = program.starts_with("examples/");
    const std::string path = (is_example ? "" : "tests/readme/") + program + ".cc";
    for (Snippet& region : MarkedRegions(ReadFile(kSource + path), path, word)) {
      regions.push_back(std::move(region));
    }
  }
  EXPECT_GE(regions.size(), programs.size());
  EXPECT_EQ(Joined(Differences(blocks, regions)), "");
}

TEST(ReadmeTest, ShowsExactlyWhatTheProgramsMark) {
  ExpectShows("README.md", "README", kReadmePrograms);
}

TEST(ReadmeTest, ThePageOnEventSourcingShowsExactlyWhatItsProgramMarks) {
  ExpectShows("docs/event-sourcing.md", "event-sourcing", kEventSourcingPrograms);
}

TEST(ReadmeTest, ThePageOnCodecsShowsExactlyWhatItsProgramMarks) {
  ExpectShows("docs/codecs.md", "codecs", kCodecsPrograms);
}

TEST(ReadmeTest, ThePageOnTheLibraryOfSourcingShowsExactlyWhatItsProgramMarks) {
  ExpectShows("docs/sourcing.md", "sourcing", kSourcingPrograms);
}

#ifdef README_ORDER_EXAMPLE  // a build without examples has none
TEST(ReadmeTest, TheOrderExampleDoublesNothingWhenItRunsAgain) {
  const testing::TemporaryDirectory directory;
  std::filesystem::current_path(directory.path());  // where it makes its store
  std::string mails;
  for (int run = 1; run <= 3; ++run) {
    Ended ended = RunProgram(README_ORDER_EXAMPLE);
    EXPECT_EQ(ended.exit_status, 0);
    // The mailer sends it at any time of the first run, or of a later one.
    const std::string mail = "we got 500 for order-1\n";
    if (const std::size_t at = ended.output.find(mail); at != std::string::npos) {
      ended.output.erase(at, mail.size());
      mails += mail;
    }
    EXPECT_EQ(ended.output,
              "InvalidArgument: order-1 owes only 700\n"
              "ann has spent 1200\n");
    EXPECT_LE(mails.size(), mail.size());
  }
  std::filesystem::current_path("/");
}
#endif

TEST(ReadmeTest, TheCodecsProgramStoresBothTypes) {
  const Ended ended = RunProgram(README_CODECS);
  EXPECT_EQ(ended.exit_status, 0);
  EXPECT_EQ(ended.output,
            "{\"customer\":\"ann\",\"lines\":[{\"cents\":3000,\"item\":\"lamp\",\"size\":2}]}\n"
            "InvalidArgument: JSON: 'lines': [0]: 'cents': expected an integer, found string\n"
            "InvalidArgument: JSON: no percentage\n"
            "to ann, 900 g\n");
}

TEST(ReadmeTest, TheTransferProgramDecidesEachRowOnce) {
  const Ended ended = RunProgram(README_TRANSFER);
  EXPECT_EQ(ended.exit_status, 0);
  EXPECT_EQ(ended.output,
            "row 2 again: Conflict\n"
            "ann has 30 at version 3\n"
            "bob has 70 at version 1\n"
            "done 70\n"
            "refused 31\n");
}

TEST(ReadmeTest, TheFirstProgramCommitsAndDelivers) {
  const testing::TemporaryDirectory directory;
  std::filesystem::current_path(directory.path());  // where it makes its store
  for (int run = 1; run <= 2; ++run) {
    const Ended ended = RunProgram(README_SHOP);
    EXPECT_EQ(ended.exit_status, 0);
    EXPECT_EQ(ended.output, "version " + std::to_string(run) + "\nthank you for order-1\n");
  }
  std::filesystem::current_path("/");
}

TEST(ReadmeTest, TheOutboxProgramProjectsEachChangeOnce) {
  const Ended ended = RunProgram(README_OUTBOX);
  EXPECT_EQ(ended.exit_status, 0);
  EXPECT_EQ(ended.output,
            "InvalidArgument: not enough in bob\n"
            "3 messages\n"
            "ann has 70\n"
            "bob has 5\n");
}

TEST(ReadmeTest, TheOrderProgramTakesBothWays) {
  const Ended ended = RunProgram(README_ORDER);
  EXPECT_EQ(ended.exit_status, 0);
  EXPECT_EQ(ended.output,
            "lamp from shelf-4, paid by ann\n"
            "chair was never paid, shelf-5 is free again\n");
}

TEST(ReadmeTest, TheTimingProgramFlushesOncePerSyncedBatch) {
  const Ended ended = RunProgram(README_TIMING);
  EXPECT_EQ(ended.exit_status, 0);
  EXPECT_TRUE(std::regex_match(ended.output,
                               std::regex("the batch \\d+ us, its flush -?\\d+ us\n200 flushes\n")))
      << ended.output;
}

// The comparison itself, on bad samples. Markers are cut in two, so that this file marks nothing.
const std::string kBegin =
    "// README"
    ": begin\n";
const std::string kEnd =
    "// README"
    ": end\n";

std::size_t CountDifferences(const std::string& markdown, const std::string& program) {
  return Differences(CppBlocks(markdown, "m"), MarkedRegions(program, "p", "README")).size();
}

TEST(SnippetsTest, EqualTextsHaveNoDifference) {
  EXPECT_EQ(CountDifferences("text\n```cpp\nint x;\n\n  y();\n```\nmore\n",
                             "a;\n" + kBegin + "int x;\n\n  y();\n" + kEnd + "b;\n"),
            0U);
}

TEST(SnippetsTest, SharedIndentationIsTakenAway) {
  EXPECT_EQ(
      CountDifferences("```cpp\na;\n\n  b;\n```\n", "  " + kBegin + "  a;\n\n    b;\n  " + kEnd),
      0U);
}

TEST(SnippetsTest, AChangeOnEitherSideIsADifference) {
  const std::string program = kBegin + "int x;\n" + kEnd;
  EXPECT_EQ(CountDifferences("```cpp\nint y;\n```\n", program), 2U);
  EXPECT_EQ(CountDifferences("```cpp\nint x;\n\n```\n", program), 2U);
  EXPECT_EQ(CountDifferences("```cpp\nint x;  \n```\n", program), 2U);
}

TEST(SnippetsTest, ABlockOrARegionTooManyIsADifference) {
  const std::string block = "```cpp\nint x;\n```\n";
  const std::string region = kBegin + "int x;\n" + kEnd;
  EXPECT_EQ(CountDifferences(block + "```cpp\nint y;\n```\n", region), 1U);
  EXPECT_EQ(CountDifferences(block, region + kBegin + "int y;\n" + kEnd), 1U);
  EXPECT_EQ(CountDifferences("", region), 1U);
}

TEST(SnippetsTest, AnUnclosedBlockIsADifference) {
  EXPECT_EQ(CountDifferences("```cpp\nint x;\nand so on\n", kBegin + "int x;\n" + kEnd), 2U);
}

TEST(SnippetsTest, BlocksOfOtherLanguagesAreLeftAlone) {
  EXPECT_EQ(CountDifferences("```\nint y;\n```\n```cmake\nx()\n```\n", ""), 0U);
}

TEST(SnippetsTest, TheMessageSaysWhere) {
  const auto differences = Differences(CppBlocks("a\n```cpp\nint x;\n```\n", "README.md"), {});
  ASSERT_EQ(differences.size(), 1U);
  EXPECT_EQ(differences.front(), "README.md:2: no program marks exactly this block:\nint x;\n");
}

}  // namespace
}  // namespace tandem::readme
