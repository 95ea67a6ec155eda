#pragma once

// The orchestration: lists a directory page by page, hashes each page's files in parallel, and
// writes a manifest. It may die at any moment; what was done is not done again.

#include <functional>
#include <string_view>

#include <tandem/duroxide.h>
#include "examples/checksum/types.h"

namespace checksum {

inline constexpr duroxide::Orchestration<Summary(Job)> kChecksum("checksum");

// The instance that the program runs; one store holds one job.
inline constexpr std::string_view kInstance = "checksum";

// `on_start` is called when a run of an activity starts: with its name, its id in the history, and
// how often it has been tried.
using OnStart = std::function<void(std::string_view activity, const duroxide::ActivityContext&)>;

duroxide::Registry MakeRegistry(const OnStart& on_start);

}  // namespace checksum
