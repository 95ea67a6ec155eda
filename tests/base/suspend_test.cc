// The clock of the system counts what the machine slept. A time namespace moves the time since the
// machine was started ahead of the steady clock, as a night in suspend does; making one takes
// root, and the process can't leave it again. So this is a program of its own.

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <string>

#include "tandem/base/clock.h"

#ifndef CLONE_NEWTIME  // older headers
constexpr int CLONE_NEWTIME = 0x80;
#endif

namespace {

constexpr int kSkipped = 77;  // ctest's SKIP_RETURN_CODE, see CMakeLists.txt

bool SleepForADay() {
  if (unshare(CLONE_NEWTIME) != 0) return false;
  std::ofstream("/proc/self/timens_offsets") << "7 86400 0\n" << std::flush;
  const int after = open("/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
  return after >= 0 && setns(after, CLONE_NEWTIME) == 0;
}

}  // namespace

int main() {
  const tandem::SystemClock clock;
  const tandem::Timestamp before = clock.Now();
  if (!SleepForADay()) {
    const char* const ci = std::getenv("CI");  // NOLINT(concurrency-mt-unsafe): no thread runs
    const bool must_run = ci != nullptr && std::string(ci) == "true";
    std::cout << (must_run ? "failed" : "skipped") << ": a time namespace takes root "
              << "(CAP_SYS_ADMIN): " << std::strerror(errno)  // NOLINT(concurrency-mt-unsafe)
              << std::endl;
    return must_run ? 1 : kSkipped;
  }
  const auto slept = clock.Now() - before;
  std::cout << "counted " << std::chrono::duration_cast<std::chrono::hours>(slept).count() << " h"
            << std::endl;
  return slept >= std::chrono::hours(24) ? 0 : 1;
}
