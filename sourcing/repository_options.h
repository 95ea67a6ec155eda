#pragma once

// What a Repository (repository.h) may be given.

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "tandem/sourcing/upcasters.h"

namespace sourcing {

struct RepositorySettings {
  std::uint64_t snapshot_every = 0;  // events; 0: never
  std::string snapshot_name = {};
  bool replace_snapshots = false;
  std::uint64_t commands_kept = 10'000;
  std::size_t attempts = 100;
  Upcasters upcasters = {};
};

// Says by its type whether there are snapshots, so that a state that can't be one is refused by the
// compiler.
template <bool kSnapshots>
class BasicRepositoryOptions {
 public:
  BasicRepositoryOptions() = default;
  explicit BasicRepositoryOptions(RepositorySettings settings) : settings_(std::move(settings)) {}

  // Keeps the state with every so many events, in the batch that appends the last of them: loading
  // reads what came behind it alone. The state needs TANDEM_JSON.
  //
  // A snapshot is of a type: the name given here, and the names of the state's fields. One of
  // another type is InvalidArgument, rather than to be misread.
  BasicRepositoryOptions<true> SnapshotEvery(std::uint64_t events, std::string name = {}) && {
    settings_.snapshot_every = events;
    settings_.snapshot_name = std::move(name);
    return BasicRepositoryOptions<true>(std::move(settings_));
  }
  // The fold or the state has changed: what is no snapshot of today is passed over, and the next
  // one replaces it. Until then each load reads all events.
  BasicRepositoryOptions ReplaceSnapshots() && {
    settings_.replace_snapshots = true;
    return std::move(*this);
  }
  // So many of the commands of each aggregate are known when they come again, the latest.
  BasicRepositoryOptions RememberCommands(std::uint64_t count) && {
    settings_.commands_kept = count;
    return std::move(*this);
  }
  // How often a change is decided before its Conflict is reported. At least 1.
  BasicRepositoryOptions Attempts(std::size_t attempts) && {
    settings_.attempts = attempts;
    return std::move(*this);
  }
  BasicRepositoryOptions Upcast(Upcasters upcasters) && {
    settings_.upcasters = std::move(upcasters);
    return std::move(*this);
  }

  const RepositorySettings& settings() const { return settings_; }

 private:
  RepositorySettings settings_;
};

using RepositoryOptions = BasicRepositoryOptions<false>;

}  // namespace sourcing
