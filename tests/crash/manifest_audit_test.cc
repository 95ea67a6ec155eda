// CURRENT must name a manifest, and of that nothing may be missing but the end of its last edit.

#include "tandem/batch/internal/log/manifest_audit.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tandem/batch/rocksdb_provider.h"
#include "tandem/tests/crash/store_files.h"
#include "tandem/tests/support/temporary_directory.h"

namespace tandem::internal {
namespace {

namespace fs = std::filesystem;

std::string Manifest() {
  return testing::WriteLog({std::string(100, 'a'), std::string(2000, 'b'), std::string(3000, 'c')});
}

StatusCode Verdict(const std::string& manifest) {
  return AuditManifestBytes(manifest, "MANIFEST-000001").code();
}

TEST(ManifestAuditTest, AManifestMayEndWithinARecordOrWithZeros) {
  const std::string manifest = Manifest();
  for (std::size_t size = 0; size <= manifest.size(); ++size) {
    ASSERT_EQ(Verdict(manifest.substr(0, size)), StatusCode::kOk) << size;
  }
  EXPECT_EQ(Verdict(manifest + std::string(5000, '\0')), StatusCode::kOk);
}

TEST(ManifestAuditTest, AMissingSectorOfAManifestIsDamage) {
  const std::string manifest = Manifest();
  for (std::size_t sector = 0; sector + 512 < manifest.size(); sector += 512) {
    EXPECT_EQ(Verdict(testing::Zero(manifest, sector, sector + 512)), StatusCode::kCorruption)
        << sector;
  }
}

TEST(ManifestAuditTest, AFlippedBitInAManifestIsDamage) {
  const std::string manifest = Manifest();
  for (std::size_t bit = 0; bit < 8 * manifest.size(); bit += 11) {
    std::string flipped = manifest;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    ASSERT_EQ(Verdict(flipped), StatusCode::kCorruption) << bit;
  }
}

class StoreWithoutManifestTest : public ::testing::Test {
 protected:
  StoreWithoutManifestTest() {
    const auto store = RocksDbProvider::Open(store_, OpenMode::kCreateIfMissing);
    EXPECT_TRUE(store.ok()) << store.status();
    EXPECT_TRUE((*store)->Append({"entity", 1}, {"event"}).ok());
  }

  // Twice: the first attempt must not make a new store out of it.
  void ExpectCorruptionThatNames(const std::string& file) {
    for (int i = 0; i < 2; ++i) {
      const Status opened = RocksDbProvider::Open(store_, OpenMode::kCreateIfMissing).status();
      EXPECT_EQ(opened.code(), StatusCode::kCorruption) << opened;
      EXPECT_NE(opened.message().find(file), std::string::npos) << opened;
    }
  }

  const testing::TemporaryDirectory directory_;
  const fs::path store_ = directory_.path() / "store";
};

TEST_F(StoreWithoutManifestTest, AMissingManifestIsCorruptionThatNamesIt) {
  std::string name = testing::ReadFile(store_ / "CURRENT");
  name.pop_back();
  fs::rename(store_ / name, directory_.path() / name);
  ExpectCorruptionThatNames(name);
  fs::rename(directory_.path() / name, store_ / name);
  EXPECT_TRUE(RocksDbProvider::Open(store_, OpenMode::kCreateIfMissing).ok())
      << "nothing else was changed";
}

TEST_F(StoreWithoutManifestTest, ACurrentThatNamesNoManifestIsCorruption) {
  const std::string current = testing::ReadFile(store_ / "CURRENT");
  const std::string without_newline = current.substr(0, current.size() - 1);
  for (const std::string& bytes : {std::string(), std::string("garbage"), std::string(16, '\0'),
                                   without_newline, "../" + current, std::string("\n")}) {
    testing::WriteFile(store_ / "CURRENT", bytes);
    ExpectCorruptionThatNames("CURRENT");
  }
  testing::WriteFile(store_ / "CURRENT", "MANIFEST-999999\n");
  ExpectCorruptionThatNames("MANIFEST-999999");
  testing::WriteFile(store_ / "CURRENT", current);
  EXPECT_TRUE(RocksDbProvider::Open(store_, OpenMode::kCreateIfMissing).ok())
      << "nothing else was changed";
}

}  // namespace
}  // namespace tandem::internal
