#pragma once

// A RocksDB store in a directory of its own, with a manual clock, that can be opened again.

#include <gtest/gtest.h>

#include <memory>

#include "tandem/base/manual_clock.h"
#include "tandem/batch/rocksdb_provider.h"
#include "tandem/tests/support/temporary_directory.h"

namespace tandem::testing {

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() { Open(); }

  void Open() {
    RocksDbOptions options;
    options.mode = OpenMode::kCreateIfMissing;
    options.clock = &clock_;
    auto opened = RocksDbProvider::Open(directory_.path(), options);
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
  }

  void Reopen() {
    store_.reset();
    Open();
  }

  ManualClock clock_;
  TemporaryDirectory directory_;
  std::unique_ptr<RocksDbProvider> store_;
};

}  // namespace tandem::testing
