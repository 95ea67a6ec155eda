#include "tandem/base/process_mark.h"

#include <pthread.h>

#include <atomic>

namespace tandem {

namespace {

std::atomic<std::uint64_t> forks = 0;  // between this process and the first one

const Status* const kForkedChild = new Status(
    Status::Unavailable("this is a child made by fork(), which has none of the provider's threads: "
                        "use exec, or fork before the first store is opened"));

void CountForks() {
  // Within the child, before fork() returns there.
  static const int kCounted = pthread_atfork(nullptr, nullptr, [] { ++forks; });
  (void)kCounted;
}

std::uint64_t ForksSoFar() {
  CountForks();
  return forks;
}

}  // namespace

ProcessMark::ProcessMark() : forks_(ForksSoFar()) {}

bool ProcessMark::in_forked_child() const { return forks_ != forks; }

const Status& ProcessMark::ForkedChild() { return *kForkedChild; }

}  // namespace tandem
