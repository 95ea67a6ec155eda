#include "tandem/benchmarks/frame/own_process.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "tandem/benchmarks/frame/stores.h"

namespace tandem::benchmarks {

namespace {

// A line of /proc/self/status, which has KiB, in MiB.
double StatusMib(std::string_view name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name)) return std::stod(line.substr(name.size() + 1)) / 1024;
  }
  return 0;
}

}  // namespace

void RunSelf(benchmark::State& state, const std::vector<std::string>& arguments) {
  std::string command = "'" + std::filesystem::read_symlink("/proc/self/exe").string() + "'";
  for (const std::string& argument : arguments) command += " '" + argument + "'";
  FILE* const pipe = popen(command.c_str(), "r");  // NOLINT(cert-env33-c)
  if (pipe == nullptr) Must(Status::IoError("can't start " + command));
  char name[64];
  double value = 0;
  while (std::fscanf(pipe, " %63[^=]=%lf", name, &value) == 2) state.counters[name] = value;
  if (pclose(pipe) != 0) Must(Status::Internal("failed: " + command));
}

void PrintCounter(const char* name, double value) { std::printf("%s=%.3f\n", name, value); }

double MemoryMib() { return StatusMib("VmRSS"); }
double PeakMemoryMib() { return StatusMib("VmHWM"); }

}  // namespace tandem::benchmarks
