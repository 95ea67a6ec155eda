#pragma once

// The exit codes of all programs for the command line, and the texts of their errors.

#include <string>
#include <string_view>

#include "tandem/base/status.h"

namespace tandem::cli {

enum ExitCode : int {
  kDone = 0,
  kBadAnswer = 1,    // it ran, and the answer is bad: failed, damaged
  kUsage = 2,        // usage, or it can't work as asked
  kNotFound = 3,     // no such store, directory, queue, message
  kRefused = 4,      // refused by the state of what it is about
  kUnavailable = 5,  // held by somebody else, unreachable, or the time is over
  kDamaged = 7,      // the store is damaged, or a device fails
  kUnknown = 8,      // unknown whether it was done
  kInterrupted = 130,
};

ExitCode ExitCodeOf(StatusCode code);

// What stderr says of a failure. In words "error: ..." and, unless it is empty, "hint: <command>";
// for programs {"error":{"code":...,"message":...,"hint":...}}. Both end their line.
std::string ErrorInWords(const Status& failure, std::string_view hint);
std::string ErrorAsJson(const Status& failure, std::string_view hint);

}  // namespace tandem::cli
