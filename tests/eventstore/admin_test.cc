// Truncation of more than is deleted key by key.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tandem/base/rocks/staging.h"
#include "tandem/batch/provider_admin.h"
#include "tandem/tests/support/store_fixture.h"

namespace tandem {
namespace {

class EventAdminTest : public testing::StoreTest {
 protected:
  void Append(const StreamId& stream, std::size_t count) {
    const std::vector<std::string> events(count, "x");
    ASSERT_TRUE(store_->Append(stream, events).ok());
  }

  std::uint64_t Truncate(Version before) {
    const auto removed = store_->admin()->Truncate(stream_, before);
    EXPECT_TRUE(removed.ok()) << removed.status();
    return removed.ok() ? *removed : kVersionMax;
  }

  // Versions of a page, then its `next`, `first` and `head`.
  std::vector<Version> Read(const ReadOptions& options) {
    const auto page = store_->Read(stream_, options);
    EXPECT_TRUE(page.ok()) << page.status();
    if (!page.ok()) return {};
    std::vector<Version> all;
    for (const Event& event : page->events) all.push_back(event.version);
    all.insert(all.end(), {page->next, page->first, page->head});
    return all;
  }

  using V = std::vector<Version>;
  const StreamId stream_{"a", 1};
};

TEST_F(EventAdminTest, ManyEventsAreTruncatedAtOnce) {
  constexpr std::size_t kMany = 3 * Staging::kPointDeletesMax;
  Append(stream_, kMany + 2);
  EXPECT_EQ(Truncate(kMany + 1), kMany);
  EXPECT_EQ(Read({}), (V{kMany + 1, kMany + 2, kMany + 3, kMany + 1, kMany + 2}));
  Reopen();
  EXPECT_EQ(Read({}), (V{kMany + 1, kMany + 2, kMany + 3, kMany + 1, kMany + 2}));
  const auto deleted = store_->AtomicBatch({DeleteEntity{"a"}});
  ASSERT_TRUE(deleted.ok()) << deleted.status();
  EXPECT_EQ(std::get<DeleteEventsResult>(deleted->operations[0]).events, 2U);
}

}  // namespace
}  // namespace tandem
