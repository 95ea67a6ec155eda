#include "tandem/base/out_of_memory.h"

#include <exception>
#include <string>
#include <system_error>

#include "tandem/base/check.h"

namespace tandem {

namespace {

// Made before main begins: later there may be no memory for it. Never destroyed: it may be asked
// for until the very end of the process.
const Status* const kOutOfMemory = new Status(Status::Unavailable(
    "out of memory: nothing was done; a store on RocksDB takes no more calls until the process is "
    "started anew"));

// In a function of its own: making a status may find no memory either.
Status Described() {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return OutOfMemory();
  } catch (const std::system_error& error) {
    return Status::Unavailable(std::string("the system refuses a thread or a lock: ") +
                               error.what());
  } catch (const std::exception& error) {
    return Status::Internal(std::string("an exception: ") + error.what());
  } catch (...) {
    return Status::Internal("an exception of an unknown type");
  }
}

}  // namespace

const Status& OutOfMemory() { return *kOutOfMemory; }

Status StatusOfException() noexcept {
  TANDEM_REQUIRE(std::current_exception() != nullptr, "it is called in a catch clause");
  try {
    return Described();
  } catch (...) {
    return OutOfMemory();
  }
}

}  // namespace tandem
