#include "examples/checksum/checksum.h"

#include <utility>
#include <vector>

#include "examples/checksum/activities.h"
#include "examples/checksum/manifest.h"

namespace checksum {

namespace {

using duroxide::OrFail;
using duroxide::Result;
using duroxide::Task;
using duroxide::Unit;

// Hashes all batches of a page at the same time.
Task<Result<HashedFiles>> HashPage(duroxide::OrchestrationContext ctx,
                                   std::vector<std::vector<std::string>> batches) {
  std::vector<duroxide::Future<HashedFiles>> running;
  for (const std::vector<std::string>& batch : batches) {
    running.push_back(ctx.Call(kHashFiles, batch));
  }
  std::vector<Result<HashedFiles>> results = co_await duroxide::WhenAll(std::move(running));
  HashedFiles files;
  for (Result<HashedFiles>& result : results) {
    if (!result.ok()) co_return result.status();
    files.insert(files.end(), result->begin(), result->end());
  }
  co_return files;
}

Task<Result<Summary>> Checksum(duroxide::OrchestrationContext ctx, Job job) {
  Summary summary;
  ListRequest request{job.directory, {}};
  Assembly assembly{job.manifest, 0};
  bool more = true;
  while (more) {
    FilePage page = co_await OrFail(ctx.Call(kListFiles, request));
    more = page.more;
    for (const std::string& path : page.unreadable) {
      ++summary.unreadable;
      ctx.Log(duroxide::LogLevel::kWarning, "can't list " + path);
    }
    request.after = page.last;

    HashedFiles hashed = co_await OrFail(HashPage(ctx, std::move(page.batches)));
    for (const FileDigest& file : hashed) {
      if (file.sha256.empty()) {
        ++summary.unreadable;
        ctx.Log(duroxide::LogLevel::kWarning, "can't read " + file.path);
      } else {
        ++summary.files;
        summary.bytes += file.bytes;
      }
    }
    const Part part{job.manifest, assembly.parts, std::move(hashed)};
    co_await OrFail(ctx.Call(kWritePart, part));
    ++assembly.parts;
  }
  co_await OrFail(ctx.Call(kAssemble, assembly));
  co_return summary;
}

// An activity that tells when a run of it starts.
template <typename Out, typename In, typename Function>
void Add(duroxide::Registry& registry, const duroxide::Activity<Out(In)>& activity,
         const OnStart& on_start, Function function) {
  registry.Add(activity,
               [name = activity.name(), on_start, function](duroxide::ActivityContext& context,
                                                            const In& in) -> Result<Out> {
                 on_start(name, context);
                 return function(in);
               });
}

Result<Unit> Done(const duroxide::Status& status) {
  if (!status.ok()) return status;
  return Unit();
}

}  // namespace

duroxide::Registry MakeRegistry(const OnStart& on_start) {
  duroxide::Registry registry;
  registry.Add(kChecksum, Checksum);
  Add(registry, kListFiles, on_start, ListFiles);
  Add(registry, kHashFiles, on_start, HashFiles);
  Add(registry, kWritePart, on_start, [](const Part& part) { return Done(WritePart(part)); });
  Add(registry, kAssemble, on_start,
      [](const Assembly& assembly) { return Done(Assemble(assembly)); });
  return registry;
}

}  // namespace checksum
