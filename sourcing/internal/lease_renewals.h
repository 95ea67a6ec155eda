#pragma once

// Renews the leases of messages whose handlers take long, on a thread of its own, each when a third
// of its time is over. A handler whose lease is lost is asked to stop.

#include <chrono>
#include <list>
#include <stop_token>
#include <thread>
#include <vector>

#include "tandem/base/clock.h"
#include "tandem/base/mutex.h"
#include "tandem/batch/provider.h"

namespace sourcing::internal {

// Thread-safe.
class LeaseRenewals {
 public:
  LeaseRenewals(tandem::Provider& store, std::chrono::milliseconds lease);
  ~LeaseRenewals();
  LeaseRenewals(const LeaseRenewals&) = delete;
  LeaseRenewals& operator=(const LeaseRenewals&) = delete;

  // A lease that is renewed, until this goes away.
  class Held {
   public:
    Held(LeaseRenewals& renewals, tandem::LockToken token);
    ~Held();
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;

    // Stop is requested once the lease is lost.
    std::stop_token stop_token() const { return lost_.get_token(); }

   private:
    friend LeaseRenewals;
    LeaseRenewals& renewals_;
    const tandem::LockToken token_;
    std::stop_source lost_;

    // Under the lock of the renewals, once it is known there.
    tandem::Timestamp due_;
    bool lost_known_ = false;
  };

 private:
  void Run(const std::stop_token& stop);
  // Renews what is due, and returns when to look again.
  tandem::Timestamp RenewDue(std::vector<std::stop_source>& lost) TANDEM_REQUIRES(mutex_);

  tandem::Provider& store_;
  const std::chrono::milliseconds lease_;
  const std::chrono::microseconds every_;

  tandem::Mutex mutex_;
  std::list<Held*> held_ TANDEM_GUARDED_BY(mutex_);
  tandem::Signal changed_;
  std::jthread thread_;  // last: uses everything above
};

}  // namespace sourcing::internal
