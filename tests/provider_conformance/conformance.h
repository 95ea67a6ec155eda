#pragma once

// Every promise of docs/contract.md as GoogleTest cases, for any Provider there will ever be. A
// program of its own runs them:
//
//   int main(int argc, char** argv) {
//     ::testing::InitGoogleTest(&argc, argv);
//     tandem::conformance::ProviderKind kind;
//     kind.name = "Mine";
//     kind.open = [](tandem::Clock& clock, const std::filesystem::path& directory) {
//       return std::make_unique<MyProvider>(clock, directory);
//     };
//     tandem::conformance::RegisterCases(kind);
//     return RUN_ALL_TESTS();
//   }
//
// A case that needs a part that the provider does not have is skipped, and says why.

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tandem/base/clock.h"
#include "tandem/batch/provider.h"

namespace tandem::conformance {

// What a provider may lack.
enum class Part {
  kFeed,          // ReadAll
  kAsynchronous,  // AtomicBatchAsync, ReadAsync, DequeueAsync
  kAdmin,         // admin(), except Checkpoint
  kCheckpoint,    // ProviderAdmin::Checkpoint
  kReopen,        // what it holds is there when it was closed and opened again
};

struct ProviderKind {
  std::string name;  // letters and digits: part of the names of its tests

  // Opens the store that is kept in `directory`, and makes it in an empty or absent one. It waits
  // through `clock`, and only so. Both outlive it. Never null: throws what went wrong.
  std::function<std::unique_ptr<Provider>(Clock& clock, const std::filesystem::path& directory)>
      open;

  // Closes a store and opens it again. Null: destroys it and calls `open` with its directory.
  std::function<std::unique_ptr<Provider>(std::unique_ptr<Provider> store, Clock& clock,
                                          const std::filesystem::path& directory)>
      reopen;

  std::chrono::milliseconds batch_id_retention = std::chrono::hours(24);
  std::set<Part> missing;
};

struct CaseInfo {
  std::string chapter;  // with the provider's name, the name of its test suite
  std::string name;
  std::vector<std::string> numbers;  // of the contract, that the case shows
  std::vector<Part> needs;
};

// All cases, in the order of the contract's chapters.
std::vector<CaseInfo> Cases();

// Registers all cases for a provider, as tests of the suites <chapter>_<provider>. To be called
// between InitGoogleTest and RUN_ALL_TESTS, once for each provider.
void RegisterCases(const ProviderKind& kind);

// The numbers of the contract that no case shows for a provider, because it lacks what they need.
std::set<std::string> NumbersSkipped(const ProviderKind& kind);

}  // namespace tandem::conformance
