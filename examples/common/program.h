#pragma once

// How the examples' programs end: what went wrong is told on stderr, under the program's name, and
// is exit code 1.

#include <filesystem>
#include <functional>
#include <string>

#include <tandem/tandem.h>

namespace examples {

// Calls `run`, a program's main; what it throws is told.
int RunProgram(const char* name, int (*run)(int argc, char** argv), int argc, char** argv);

// The exit code of a program that ends with this status.
int ExitCode(const char* name, const tandem::Status& status);

// Runs a demonstration in the directory `work`, or a temporary one if that is empty, which is
// removed afterwards unless a promise turned out to be broken. Returns the exit code.
int RunDemonstration(const char* name, const std::string& work,
                     const std::function<tandem::Status(const std::filesystem::path& work)>& run);

}  // namespace examples
