#include "tandem/duroxide_runtime/activity_context.h"

#include "tandem/base/limits.h"
#include "tandem/duroxide_runtime/limits.h"

namespace duroxide {

Status ActivityContext::HeartbeatEncoded(std::string progress) {
  if (progress.size() > kProgressBytesMax) {
    return tandem::OverLimit("the progress of activity '" + facts_.activity + "'", progress.size(),
                             kProgressBytesMax);
  }
  return Save(std::move(progress));
}

Status ActivityContext::Save(std::optional<std::string> progress) {
  if (progress_ != nullptr) return progress_->Save(std::move(progress));
  // Without a runtime, as in a unit test, the context keeps the progress itself.
  if (stop_.stop_requested()) return Status::Cancelled("the activity is to stop");
  if (progress) kept_ = std::move(progress);
  return Status::Ok();
}

Result<std::optional<std::string>> ActivityContext::LastProgressEncoded() {
  if (progress_ != nullptr) return progress_->Load();
  return kept_;
}

}  // namespace duroxide
