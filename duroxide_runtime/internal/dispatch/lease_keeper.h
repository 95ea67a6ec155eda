#pragma once

// The LeaseKeeper renews the leases of work that takes long: one thread, each lease when half of
// its time is over. An error that may pass is tried again until the lease's deadline. Once a lease
// is lost, or can't be known to hold any more, the work is asked to stop.

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <thread>
#include <vector>

#include "tandem/base/guarded.h"
#include "tandem/batch/provider.h"
#include "tandem/duroxide_runtime/status.h"

namespace duroxide::internal {

class LeaseKeeper {
  struct Entry;

 public:
  // A keeper that never renews has no thread: for a runtime without time of its own.
  enum class Renewal { kInTime, kNever };

  // `lease` is the duration that was asked for at Dequeue. `provider` outlives the keeper.
  LeaseKeeper(tandem::Provider& provider, std::chrono::milliseconds lease,
              Renewal renewal = Renewal::kInTime);
  ~LeaseKeeper();
  LeaseKeeper(const LeaseKeeper&) = delete;
  LeaseKeeper& operator=(const LeaseKeeper&) = delete;

  // A lease that is being kept, until this goes away.
  class Held {
   public:
    Held(Held&&) noexcept = default;
    Held& operator=(Held&&) = delete;
    ~Held();

    // Stop is requested when the lease is lost.
    std::stop_token stop_token() const;
    bool lost() const { return stop_token().stop_requested(); }

    // Renews now, besides the renewals that come by themselves; afterwards lost() is up to date.
    Status Renew() const;

   private:
    friend LeaseKeeper;
    Held(LeaseKeeper& keeper, std::shared_ptr<Entry> entry)
        : keeper_(&keeper), entry_(std::move(entry)) {}
    LeaseKeeper* keeper_;
    std::shared_ptr<Entry> entry_;  // null when moved from
  };

  // The deadline is computed from now, so if the lease was taken earlier, the first renewal may
  // find it lost.
  Held Keep(tandem::LockToken token);

 private:
  struct State {
    std::vector<std::shared_ptr<Entry>> entries;
    tandem::Timestamp wake_at = tandem::kNever;  // what the thread waits for
  };

  void Run(const std::stop_token& stop);
  std::vector<std::shared_ptr<Entry>> TakeDue();
  Status Renew(Entry& entry);

  tandem::Provider& provider_;
  const std::chrono::milliseconds lease_;
  const std::chrono::microseconds retry_after_;  // of a renewal that failed

  // Own synchronization.
  tandem::Guarded<State> state_;
  tandem::Signal changed_;

  std::jthread thread_;  // last: uses everything above
};

// Calls `end`, which ends the lease, again while the store is Unavailable, a few times and as long
// as the lease holds. False if the lease was lost, which is no error. Errors: of the store; the
// lease then ends by itself.
Result<bool> EndLease(tandem::Clock& clock, const LeaseKeeper::Held& lease,
                      const std::function<Status()>& end);

// Gives back what is leased, without counting it, to be taken again after `delay`.
Result<bool> GiveBack(tandem::Provider& provider, const LeaseKeeper::Held& lease,
                      const tandem::LockToken& token,
                      std::chrono::milliseconds delay = std::chrono::milliseconds::zero());

}  // namespace duroxide::internal
