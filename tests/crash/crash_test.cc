// A process that is killed at any moment loses nothing acknowledged and leaves
// nothing half done.

#include <gtest/gtest.h>

#include <random>

#include "tandem/batch/rocksdb_provider.h"
#include "tandem/tests/crash/ledger.h"
#include "tandem/tests/crash/writer_process.h"
#include "tandem/tests/support/random_seed.h"
#include "tandem/tests/support/temporary_directory.h"

namespace tandem {
namespace {

using testing::Ledger;
using testing::WriterProcess;

// Numbers of different rounds must not meet.
constexpr std::uint64_t kNumbersPerRound = 1'000'000;

// Runs the writer until it has acknowledged so many batches, and kills it.
void RunAndKill(const std::filesystem::path& directory, std::uint64_t seed, int round,
                std::uint64_t acks, Ledger& ledger) {
  WriterProcess writer({TANDEM_CRASH_WRITER, directory, std::to_string(seed),
                        std::to_string(round * kNumbersPerRound)});
  std::uint64_t seen = 0;
  while (const auto line = writer.NextLine()) {
    ledger.Note(*line);
    if ((line->starts_with("ack ") || line->starts_with("consumed ")) && ++seen == acks) {
      writer.Kill();
    }
  }
  ASSERT_GE(seen, acks) << "the writer ended by itself";
}

TEST(CrashTest, KillsUnderLoadLoseNothingAcknowledgedAndShowNothingHalfDone) {
  const std::uint64_t seed = testing::TestSeed();
  std::mt19937_64 random(seed);
  const testing::TemporaryDirectory directory;
  Ledger ledger;
  const int rounds = testing::ScaledRounds(25);
  for (int round = 1; round <= rounds; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    RunAndKill(directory.path(), random(), round, 1 + random() % 400, ledger);
    auto store = RocksDbProvider::Open(directory.path(), OpenMode::kCreateIfMissing);
    ASSERT_TRUE(store.ok()) << store.status();
    ledger.ExpectAgrees(testing::ReadImage(**store), 1);
    if (HasFailure()) return;
  }
  std::cout << rounds << " kills, " << ledger.acknowledged() << " acknowledged batches, "
            << ledger.consumed() << " acknowledged consumptions" << std::endl;
  EXPECT_GT(ledger.consumed(), 0U);
}

// Without a look at the store between them: damage may not add up either.
TEST(CrashTest, ManyKillsInARowAreAsGoodAsOne) {
  const std::uint64_t seed = testing::TestSeed();
  std::mt19937_64 random(seed);
  const testing::TemporaryDirectory directory;
  Ledger ledger;
  const int rounds = testing::ScaledRounds(15);
  for (int round = 1; round <= rounds; ++round) {
    RunAndKill(directory.path(), random(), round, 1 + random() % 60, ledger);
  }
  auto store = RocksDbProvider::Open(directory.path(), OpenMode::kCreateIfMissing);
  ASSERT_TRUE(store.ok()) << store.status();
  ledger.ExpectAgrees(testing::ReadImage(**store), static_cast<std::uint32_t>(rounds));
}

}  // namespace
}  // namespace tandem
