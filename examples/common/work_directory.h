#pragma once

// Where a demonstration keeps its stores and logs, and where it finds the program that it kills.

#include <filesystem>
#include <string>

#include <tandem/tandem.h>

namespace examples {

// A directory given by the user, or a temporary one of its own.
class WorkDirectory {
 public:
  // `given` may be empty. `name` is part of the temporary directory's.
  static tandem::Result<WorkDirectory> Make(const std::string& given, const std::string& name);

  const std::filesystem::path& path() const { return path_; }

  // Takes a temporary directory away. Without this call it is kept, to be looked into.
  void RemoveIfTemporary() const;

 private:
  WorkDirectory(std::filesystem::path path, bool temporary);
  std::filesystem::path path_;
  bool temporary_;
};

// The program `name` in the directory of the one that runs.
std::filesystem::path ProgramBeside(const std::string& name);

}  // namespace examples
