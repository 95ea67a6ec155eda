#include "tandem/cli/exit_code.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace tandem::cli {
namespace {

TEST(ExitCode, SaysWhatACallerCanDo) {
  EXPECT_EQ(ExitCodeOf(StatusCode::kOk), 0);
  EXPECT_EQ(ExitCodeOf(StatusCode::kInvalidArgument), 2);
  EXPECT_EQ(ExitCodeOf(StatusCode::kTooLarge), 2);
  EXPECT_EQ(ExitCodeOf(StatusCode::kUnsupported), 2);
  EXPECT_EQ(ExitCodeOf(StatusCode::kNotFound), 3);
  EXPECT_EQ(ExitCodeOf(StatusCode::kConflict), 4);
  EXPECT_EQ(ExitCodeOf(StatusCode::kUnavailable), 5);
  EXPECT_EQ(ExitCodeOf(StatusCode::kCorruption), 7);
  EXPECT_EQ(ExitCodeOf(StatusCode::kIoError), 7);
  EXPECT_EQ(ExitCodeOf(StatusCode::kIndeterminate), 8);
  EXPECT_EQ(ExitCodeOf(StatusCode::kNoSpace), 8);
}

TEST(ExitCode, ErrorsAreWordsOrOneLineOfJson) {
  const Status failure = Status::NotFound("there is no directory \"x\"");
  EXPECT_EQ(ErrorInWords(failure, ""), "error: there is no directory \"x\"\n");
  EXPECT_EQ(ErrorInWords(failure, "ls"), "error: there is no directory \"x\"\nhint: ls\n");
  const std::string json = ErrorAsJson(failure, "ls");
  EXPECT_EQ(json.find('\n'), json.size() - 1);
  const auto error = nlohmann::json::parse(json).at("error");
  EXPECT_EQ(error.at("code"), "NotFound");
  EXPECT_EQ(error.at("message"), failure.message());
  EXPECT_EQ(error.at("hint"), "ls");
  EXPECT_NO_THROW(ErrorAsJson(Status::NotFound("\xff"), "\xfe"));
}

}  // namespace
}  // namespace tandem::cli
