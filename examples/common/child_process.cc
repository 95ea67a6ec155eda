#include "examples/common/child_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <csignal>

#include <tandem/base/check.h>

extern char** environ;

namespace examples {

namespace {

int ExitStatus(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

ChildProcess::ChildProcess(const std::string& program, const std::vector<std::string>& arguments,
                           const std::string& log) {
  std::vector<char*> argv;
  argv.push_back(const_cast<char*>(program.c_str()));
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const char* const output = log.empty() ? "/dev/null" : log.c_str();
  posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0644);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  const int error = posix_spawnp(&pid_, program.c_str(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  TANDEM_CHECK(error == 0, "a child process can be started");
}

ChildProcess::~ChildProcess() {
  if (exit_status_ < 0) {
    Kill();
    Wait();
  }
}

bool ChildProcess::Running() {
  int status = 0;
  if (exit_status_ < 0 && waitpid(pid_, &status, WNOHANG) == pid_) {
    exit_status_ = ExitStatus(status);
  }
  return exit_status_ < 0;
}

void ChildProcess::Kill() {
  if (exit_status_ < 0) kill(pid_, SIGKILL);
}

int ChildProcess::Wait() {
  int status = 0;
  if (exit_status_ < 0 && waitpid(pid_, &status, 0) == pid_) exit_status_ = ExitStatus(status);
  return exit_status_;
}

}  // namespace examples
