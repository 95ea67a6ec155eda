// checksum: the SHA-256 of every file below a directory, as a durable orchestration. Kill it
// whenever you like and start it again with the same --store: it goes on where it was.

#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>

#include <tandem/tandem.h>
#include "examples/checksum/checksum.h"
#include "examples/checksum/progress.h"
#include "examples/common/program.h"

namespace checksum {
namespace {

namespace fs = std::filesystem;
using tandem::Result;
using tandem::Status;

constexpr std::chrono::hours kJobMax{24 * 7};

struct Options {
  std::string directory;
  std::string store = "checksum-store";
  std::string manifest;
  std::string activity_log;
  std::size_t threads = 4;
};

// A directory with thousands of files that every machine has.
std::string DefaultDirectory() {
  for (const char* directory : {"/usr/include", "/usr/share/doc", "/usr/share", "/etc"}) {
    if (fs::is_directory(directory)) return directory;
  }
  return ".";
}

// One line for each run of an activity that starts, written at once: outside of the store, so that
// it tells what really ran.
class ActivityLog {
 public:
  static Result<std::shared_ptr<ActivityLog>> Open(const std::string& path) {
    if (path.empty()) return std::shared_ptr<ActivityLog>(new ActivityLog(-1));
    const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (file >= 0) return std::shared_ptr<ActivityLog>(new ActivityLog(file));
    return Status::IoError("can't write " + path + ": " + std::generic_category().message(errno));
  }
  ~ActivityLog() {
    if (file_ >= 0) close(file_);
  }
  ActivityLog(const ActivityLog&) = delete;
  ActivityLog& operator=(const ActivityLog&) = delete;

  void Note(std::string_view activity, const duroxide::ActivityContext& context) const {
    if (file_ < 0) return;
    const std::string line = std::to_string(context.id()) + " " + std::string(activity) +
                             " attempt " + std::to_string(context.delivery_count()) + "\n";
    // One write of a short line to a file opened for appending is not mixed with others.
    if (write(file_, line.data(), line.size()) < 0) std::perror("activity log");
  }

 private:
  explicit ActivityLog(int file) : file_(file) {}
  const int file_;
};

// Starts the job, or goes on with the one that is in the store.
Status StartOrResume(const duroxide::Client& client, const Job& job) {
  const Status started = client.Start(kChecksum, kInstance, job);
  if (started.code() != tandem::StatusCode::kAlreadyExists) return started;
  const auto status = client.GetStatus(kInstance);
  if (!status.ok()) return status.status();
  TANDEM_ASSIGN_OR_RETURN(const duroxide::HistoryPage history, client.ReadHistory(kInstance, {}));
  if (!history.events.empty()) {
    const auto* first = std::get_if<duroxide::Started>(&history.events.front().body);
    const auto stored = duroxide::Codec<Job>::Decode(first == nullptr ? "" : first->input);
    if (!stored.ok()) return stored.status();
    if (stored->directory != job.directory || stored->manifest != job.manifest) {
      return Status::AlreadyExists("the store holds a job for " + stored->directory +
                                   " with the manifest " + stored->manifest +
                                   "; name those, or another --store");
    }
  }
  std::fprintf(stderr, "this store holds a job (%s): %s\n",
               std::string(duroxide::InstanceStateName(status->state)).c_str(),
               status->finished() ? "showing its result" : "going on with it");
  return Status::Ok();
}

void Report(const Summary& summary, double seconds, const duroxide::RuntimeStats& runtime,
            const tandem::RocksDbStats& store, const std::string& manifest) {
  std::printf("%llu files, %.1f MB in %.2f s; %llu unreadable\n",
              static_cast<unsigned long long>(summary.files),
              static_cast<double>(summary.bytes) / 1e6, seconds,
              static_cast<unsigned long long>(summary.unreadable));
  std::printf("this run: %llu turns, %llu activities, %llu batches, %llu flushes\n",
              static_cast<unsigned long long>(runtime.turns),
              static_cast<unsigned long long>(runtime.activities_run),
              static_cast<unsigned long long>(store.batches),
              static_cast<unsigned long long>(store.flushes));
  std::printf("manifest: %s\n", manifest.c_str());
}

Status Run(const Options& options) {
  std::error_code error;
  const fs::path directory = fs::canonical(options.directory, error);
  if (error) return Status::NotFound(options.directory + ": " + error.message());
  if (!fs::is_directory(directory)) {
    return Status::InvalidArgument(options.directory + " is no directory");
  }
  const std::string manifest_name =
      options.manifest.empty() ? options.store + ".sha256" : options.manifest;
  const std::string manifest = fs::absolute(manifest_name);
  TANDEM_ASSIGN_OR_RETURN(const auto log, ActivityLog::Open(options.activity_log));
  TANDEM_ASSIGN_OR_RETURN(const auto store, tandem::RocksDbProvider::Open(
                                                options.store, tandem::OpenMode::kCreateIfMissing));

  duroxide::RuntimeOptions runtime_options;
  runtime_options.activity_threads = options.threads;
  const auto started_at = std::chrono::steady_clock::now();
  TANDEM_ASSIGN_OR_RETURN(
      const auto runtime,
      duroxide::Runtime::Start(
          *store,
          MakeRegistry([log](std::string_view activity, const duroxide::ActivityContext& context) {
            log->Note(activity, context);
          }),
          runtime_options));
  const duroxide::Client client = runtime->client();
  TANDEM_RETURN_IF_ERROR(StartOrResume(client, Job{directory.string(), manifest}));
  Progress progress(client, std::string(kInstance));
  const Result<Summary> summary = client.Wait(kChecksum, kInstance, kJobMax);
  progress.Finish();
  if (!summary.ok()) return summary.status();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started_at;
  Report(*summary, took.count(), runtime->Stats(), store->Stats(), manifest);
  return Status::Ok();
}

int Main(int argc, char** argv) {
  Options options;
  options.directory = DefaultDirectory();
  CLI::App app(
      "SHA-256 of every file below a directory, as a durable orchestration. Kill it at any moment "
      "and start it again with the same store: it goes on where it was.");
  app.add_option("directory", options.directory, "What to read")->capture_default_str();
  app.add_option("--store", options.store, "Where the job is kept; made if missing")
      ->capture_default_str();
  app.add_option("--manifest", options.manifest, "What to write [STORE.sha256]");
  app.add_option("--activity-log", options.activity_log,
                 "Append a line to this file whenever an activity starts");
  app.add_option("--threads", options.threads, "Activities at a time")
      ->capture_default_str()
      ->check(CLI::Range(1, 256));
  CLI11_PARSE(app, argc, argv);
  return examples::ExitCode("checksum", Run(options));
}

}  // namespace
}  // namespace checksum

int main(int argc, char** argv) {
  return examples::RunProgram("checksum", checksum::Main, argc, argv);
}
