#include "examples/common/program.h"

#include <cstdio>
#include <exception>

#include "examples/common/work_directory.h"

namespace examples {

int RunProgram(const char* name, int (*run)(int argc, char** argv), int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "%s: %s\n", name, failure.what());
    return 1;
  }
}

int ExitCode(const char* name, const tandem::Status& status) {
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s: %s\n", name, status.ToString().c_str());
  return 1;
}

int RunDemonstration(const char* name, const std::string& work,
                     const std::function<tandem::Status(const std::filesystem::path& work)>& run) {
  const auto directory = WorkDirectory::Make(work, name);
  if (!directory.ok()) return ExitCode(name, directory.status());
  const tandem::Status status = run(directory->path());
  if (!status.ok()) {
    std::fprintf(stderr, "%s: BROKEN PROMISE (what it worked on is kept in %s)\n%s\n", name,
                 directory->path().c_str(), status.ToString().c_str());
    return 1;
  }
  directory->RemoveIfTemporary();
  return 0;
}

}  // namespace examples
