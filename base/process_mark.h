#pragma once

// A ProcessMark knows in which process an object was made. A child made by fork() has the object's
// memory but none of the threads that serve it, and perhaps locks that nobody will ever let go. In
// such a child the object is dead: its calls do nothing, its destructor leaves everything as it is
// (LeaveAlone).

#include <cstdint>
#include <memory>
#include <vector>

#include "tandem/base/guarded.h"
#include "tandem/base/status.h"

namespace tandem {

class ProcessMark {
 public:
  ProcessMark();  // made here

  // True in a child made by fork() since. Not noticed: a clone() or _Fork() behind the C library's
  // back.
  bool in_forked_child() const;

  // Ok, or what every call is answered with in a forked child. Takes no lock.
  Status Check() const { return in_forked_child() ? ForkedChild() : Status::Ok(); }

  static const Status& ForkedChild();

 private:
  const std::uint64_t forks_;  // that lay behind this process
};

// Keeps an object until the process ends, and does not destroy it. Where it can be found, so that
// no leak checker takes it for lost.
template <typename T>
void LeaveAlone(std::unique_ptr<T> object) {
  static auto* const kLeft = new Guarded<std::vector<std::unique_ptr<T>>>();
  kLeft->Lock()->push_back(std::move(object));
}

}  // namespace tandem
