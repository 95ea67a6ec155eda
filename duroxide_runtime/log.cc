#include "tandem/duroxide_runtime/log.h"

#include <cstdio>
#include <string>

namespace duroxide {

namespace {

class StderrSink final : public LogSink {
 public:
  void Log(LogLevel level, std::string_view instance, std::string_view text) override {
    if (level < LogLevel::kWarning) return;
    std::string line = "duroxide " + std::string(LogLevelName(level)) + ": ";
    if (!instance.empty()) line += "instance '" + std::string(instance) + "': ";
    line += std::string(text) + "\n";
    std::fputs(line.c_str(), stderr);  // one call, so that lines of threads do not mix
  }
};

}  // namespace

std::string_view LogLevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "unknown";
}

LogSink& StderrLogSink() {
  static StderrSink sink;  // has no state
  return sink;
}

}  // namespace duroxide
