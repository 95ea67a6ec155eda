#pragma once

// What a store must hold after a crash, and whether it does.
//
//   StoreImage  all that can be read from a store; its checks need no other
//               knowledge: every batch is whole, versions and positions are
//               dense, messages and events agree
//   Ledger      what the writers said before they were killed

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tandem/batch/provider.h"
#include "tandem/tests/crash/workload.h"

namespace tandem::testing {

struct StoreImage {
  std::vector<FeedEvent> feed;
  std::map<BatchName, std::size_t> batches;        // -> events found
  std::map<std::string, int> consumed;             // name -> times
  std::map<std::string, std::uint32_t> queued;     // name -> delivery count
  std::map<std::uint32_t, std::uint64_t> numbers;  // producer -> its metadata
};

// Reads everything, and leases every message: each must be ready at once.
// Adds gtest failures for whatever is not as it must be.
StoreImage ReadImage(Provider& store);

// As ReadImage, for a store that only has workload batches of whose
// serial order `whole` is the record: it must hold a prefix of it.
void ExpectPrefix(const StoreImage& image, const std::vector<FeedEvent>& whole);

class Ledger {
 public:
  // A line of crash_writer.
  void Note(const std::string& line);

  // `image` agrees with what was said: what was acknowledged is there, what is
  // there was intended, delivery counts lack none that was told and have at
  // most one untold for each of `kills`. Takes note of the deliveries of
  // ReadImage.
  void ExpectAgrees(const StoreImage& image, std::uint32_t kills);

  std::size_t acknowledged() const { return acked_.size(); }
  std::size_t consumed() const { return consumed_.size(); }

 private:
  std::set<BatchName> intended_;
  std::set<BatchName> acked_;
  std::set<std::string> consuming_;
  std::set<std::string> consumed_;
  std::map<std::string, std::uint32_t> received_;  // highest count told
};

}  // namespace tandem::testing
