#pragma once

// What figures depend on besides the program: part of every report.

#include <filesystem>
#include <string>

namespace tandem::bench {

struct Machine {
  std::string file_system;  // "ext4"; "unknown" if the system does not tell
  std::string device;       // "/dev/vda1"
  unsigned cores = 0;
  double load = 0;  // of the last minute, before the first batch

  // No flush of a file on it reaches a device.
  bool InMemory() const { return file_system == "tmpfs" || file_system == "ramfs"; }
};

// `directory` exists.
Machine LookAtMachine(const std::filesystem::path& directory);

// The file system and device of the mount that the directory is on, of text like that of
// /proc/self/mountinfo (proc(5)); `directory` is absolute.
void FindMount(const std::string& mountinfo, const std::filesystem::path& directory,
               Machine& machine);

}  // namespace tandem::bench
