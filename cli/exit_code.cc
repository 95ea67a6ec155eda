#include "tandem/cli/exit_code.h"

#include <nlohmann/json.hpp>

namespace tandem::cli {

ExitCode ExitCodeOf(StatusCode code) {
  switch (code) {
    case StatusCode::kOk:
      return kDone;
    case StatusCode::kInvalidArgument:
    case StatusCode::kTooLarge:
    case StatusCode::kUnsupported:
      return kUsage;
    case StatusCode::kNotFound:
      return kNotFound;
    case StatusCode::kAlreadyExists:
    case StatusCode::kConflict:
    case StatusCode::kLeaseLost:
    case StatusCode::kIdempotencyMismatch:
      return kRefused;
    case StatusCode::kUnavailable:
    case StatusCode::kCancelled:
    case StatusCode::kDeadlineExceeded:
      return kUnavailable;
    case StatusCode::kCorruption:
    case StatusCode::kIoError:
    case StatusCode::kInternal:
      return kDamaged;
    case StatusCode::kIndeterminate:
    case StatusCode::kNoSpace:
      return kUnknown;
  }
  return kDamaged;
}

std::string ErrorInWords(const Status& failure, std::string_view hint) {
  std::string text = "error: " + failure.message() + "\n";
  if (!hint.empty()) text.append("hint: ").append(hint).append("\n");
  return text;
}

std::string ErrorAsJson(const Status& failure, std::string_view hint) {
  nlohmann::ordered_json error = {{"code", StatusCodeName(failure.code())},
                                  {"message", failure.message()}};
  if (!hint.empty()) error["hint"] = hint;
  using Json = nlohmann::ordered_json;
  // A path may hold bytes that are no UTF-8.
  return Json{{"error", std::move(error)}}.dump(-1, ' ', false, Json::error_handler_t::replace) +
         "\n";
}

}  // namespace tandem::cli
