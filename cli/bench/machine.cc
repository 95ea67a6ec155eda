#include "tandem/cli/bench/machine.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>
#include <thread>
#include <vector>

namespace tandem::bench {

namespace {

bool IsWithin(const std::filesystem::path& path, const std::filesystem::path& mount) {
  const auto [end, ignored] = std::ranges::mismatch(mount, path);
  return end == mount.end() || mount == "/";
}

}  // namespace

// 36 35 98:0 /root /mount/point rw,noatime master:1 - ext4 /dev/sda1 rw
void FindMount(const std::string& mountinfo, const std::filesystem::path& directory,
               Machine& machine) {
  std::istringstream lines(mountinfo);
  std::size_t longest = 0;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    const std::vector<std::string> fields{std::istream_iterator<std::string>(words), {}};
    const auto dash = std::ranges::find(fields, "-");
    if (fields.size() < 5 || fields.end() - dash < 3) continue;
    const std::string& mount = fields[4];
    // Of two mounts on one place, the later one is on top.
    if (mount.size() < longest || !IsWithin(directory, mount)) continue;
    longest = mount.size();
    machine.file_system = *(dash + 1);
    machine.device = *(dash + 2);
  }
}

Machine LookAtMachine(const std::filesystem::path& directory) {
  Machine machine{"unknown", "unknown", std::max(1U, std::thread::hardware_concurrency()), 0};
  std::ifstream file("/proc/self/mountinfo");
  const std::string mountinfo{std::istreambuf_iterator<char>(file), {}};
  std::error_code error;
  FindMount(mountinfo, std::filesystem::canonical(directory, error), machine);
  if (double load = 0; getloadavg(&load, 1) == 1) machine.load = load;
  return machine;
}

}  // namespace tandem::bench
