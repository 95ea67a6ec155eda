#pragma once

// Where the runtime and the orchestrations write what people should read.

#include <string_view>

namespace duroxide {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// "warning"
std::string_view LogLevelName(LogLevel level);

// Called from any thread of the runtime, and from that of a client of it that starts an instance;
// must not block for long, nor throw (what it throws is dropped).
class LogSink {
 public:
  virtual ~LogSink() = default;

  // `instance` is empty for what concerns no instance.
  virtual void Log(LogLevel level, std::string_view instance, std::string_view text) = 0;
};

// The default: warnings and errors, one line each, on stderr.
LogSink& StderrLogSink();

}  // namespace duroxide
