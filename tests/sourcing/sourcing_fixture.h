#pragma once

// The stores on which the library is tested: each case runs on all of them.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "tandem/base/manual_clock.h"
#include "tandem/batch/memory_provider.h"
#include "tandem/batch/rocksdb_provider.h"
#include "tandem/sourcing/envelope.h"
#include "tandem/tests/support/temporary_directory.h"

namespace sourcing::testing {

class SourcingTest : public ::testing::TestWithParam<std::string> {
 protected:
  SourcingTest() { Open(); }

  tandem::Provider& store() { return *store_; }

  // A new process on the same store. What is in memory stays, since it has no process but this one.
  void Reopen() {
    if (GetParam() == "Memory") return;
    store_.reset();
    Open();
  }

  tandem::ManualClock clock_;

 private:
  void Open() {
    if (GetParam() == "Memory") {
      tandem::MemoryOptions options;
      options.clock = &clock_;
      store_ = std::make_unique<tandem::MemoryProvider>(options);
      return;
    }
    tandem::RocksDbOptions options;
    options.mode = tandem::OpenMode::kCreateIfMissing;
    options.clock = &clock_;
    auto opened = tandem::RocksDbProvider::Open(directory_.path(), options);
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
  }

  tandem::testing::TemporaryDirectory directory_;
  std::unique_ptr<tandem::Provider> store_;
};

// TANDEM_SOURCING_TEST_SUITE(RepositoryTest): on every store.
#define TANDEM_SOURCING_TEST_SUITE(Suite)                                                  \
  INSTANTIATE_TEST_SUITE_P(On, Suite, ::testing::Values(std::string("Memory"), "RocksDb"), \
                           [](const auto& info) { return info.param; })

}  // namespace sourcing::testing
