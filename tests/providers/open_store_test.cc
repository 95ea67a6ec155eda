#include "tandem/providers/open_store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tandem/tests/support/temporary_directory.h"

namespace tandem {
namespace {

StatusCode CodeOf(const std::string& url, OpenMode mode = OpenMode::kCreateIfMissing) {
  return OpenStore(url, mode).status().code();
}

TEST(OpenStoreTest, ADirectoryIsMadeOnlyWhereThatIsSaidByName) {
  const testing::TemporaryDirectory directory;
  const std::string path = directory.path() / "shop";
  EXPECT_EQ(CodeOf(path, OpenMode::kOpenExisting), StatusCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(path)) << "a refusal makes nothing";
  {
    const auto store = OpenStore(path, OpenMode::kCreateIfMissing);
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_TRUE((*store)->Append("order-1", "placed").ok());
    EXPECT_EQ(CodeOf(path), StatusCode::kUnavailable) << "it is held";
  }
  const auto again = OpenStore(path);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ((*again)->Read("order-1", {})->head, 1U);
}

TEST(OpenStoreTest, MemoryIsANewStoreEachTime) {
  for (int i = 0; i < 2; ++i) {
    const auto store = OpenStore("memory:");
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_EQ((*store)->Append("order-1", "placed")->version, 1U);
  }
  EXPECT_EQ(CodeOf("memory:shop"), StatusCode::kInvalidArgument);
}

TEST(OpenStoreTest, WhatWasNotBuiltIsUnsupportedAndMakesNothing) {
  for (const std::string url : {"tandem://host:4747/shop", "tandems://host", "tandem+unix:/run/x",
                                "postgresql://host/shop", "postgres://host/shop"}) {
    const Status status = OpenStore(url, OpenMode::kCreateIfMissing).status();
    EXPECT_EQ(status.code(), StatusCode::kUnsupported) << status;
    EXPECT_NE(status.message().find(url), std::string::npos) << status;
  }
}

TEST(OpenStoreTest, WhatIsOfNoKnownFormIsRefused) {
  EXPECT_EQ(CodeOf(""), StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf("sqlite://shop"), StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf("file:///var/lib/shop"), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tandem
