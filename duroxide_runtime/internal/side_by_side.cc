#include "duroxide_runtime/internal/side_by_side.h"

#include <cstddef>
#include <memory>
#include <utility>

#include "base/clock.h"
#include "base/guarded.h"

namespace duroxide::internal {

namespace {

// Shared with the callbacks, the last of which may still be at work when the caller goes on.
struct Answers {
  explicit Answers(std::size_t batches) : statuses(batches), missing(batches) {}

  void Give(std::size_t batch, const tandem::Status& status) {
    {
      const auto left = missing.Lock();
      statuses[batch] = status;
      *left -= 1;
      if (*left > 0) return;
    }
    all.Notify();
  }

  std::vector<tandem::Status> statuses;  // each written once, before `missing` is counted down
  tandem::Guarded<std::size_t> missing;
  tandem::Signal all;
};

}  // namespace

std::vector<tandem::Status> AtomicBatches(tandem::Provider& provider,
                                          std::vector<std::vector<tandem::Operation>> batches) {
  const auto answers = std::make_shared<Answers>(batches.size());
  for (std::size_t i = 0; i + 1 < batches.size(); ++i) {
    provider.AtomicBatchAsync(std::move(batches[i]), tandem::BatchOptions(),
                              [answers, i](const tandem::Result<tandem::BatchResult>& result) {
                                answers->Give(i, result.status());
                              });
  }
  // This thread waits anyway, so it may lead the commit of all of them.
  const std::size_t last = batches.size() - 1;
  answers->Give(last, provider.AtomicBatch(std::move(batches[last])).status());
  answers->all.Wait();
  return std::move(answers->statuses);
}

}  // namespace duroxide::internal
