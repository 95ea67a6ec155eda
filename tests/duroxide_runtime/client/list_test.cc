// Lists of instances, children and trees.

#include <gtest/gtest.h>

#include "tandem/duroxide_runtime/internal/store/instance_index.h"
#include "tandem/tests/duroxide_runtime/client/client_samples.h"
#include "tandem/tests/duroxide_runtime/runtime_fixture.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT
using Ids = std::vector<std::string>;
using tandem::StatusCode;

class ClientListTest : public RuntimeFixture {
 protected:
  static Ids IdsOf(const Result<InstancePage>& page) {
    EXPECT_TRUE(page.ok()) << page.status();
    Ids ids;
    for (const InstanceEntry& entry : page->instances) ids.push_back(entry.instance);
    return ids;
  }
  Ids InState(InstanceState state) {
    InstanceFilter filter;
    filter.state = state;
    return IdsOf(client.admin().ListInstances(filter));
  }
};
INSTANTIATE_TEST_SUITE_P(, ClientListTest, ::testing::ValuesIn(ProviderKinds()), KindName);

TEST_P(ClientListTest, InstancesAreFoundByStateNameAndPrefix) {
  const auto runtime = StartRuntime(ClientSamples());
  ASSERT_TRUE(client.Start(kSequence, "a-1", 1).ok());
  ASSERT_TRUE(client.Start(kDiary, "a-2", "d").ok());
  ASSERT_TRUE(client.Start(kDiary, "b-1", "d").ok());
  ASSERT_TRUE(client.Start(kDiary, "b-2", "d", StartOptions().Delay(kLong)).ok());
  ASSERT_TRUE(client.RaiseEvent("b-1", "words", "end").ok());
  ASSERT_TRUE(client.Wait(kSequence, "a-1", kLong).ok());
  ASSERT_TRUE(client.Wait(kDiary, "b-1", kLong).ok());
  ASSERT_TRUE(client.WaitForKv<std::string>("a-2", "before", kLong).ok());

  EXPECT_EQ(IdsOf(client.admin().ListInstances(InstanceFilter())),
            (Ids{"a-1", "a-2", "b-1", "b-2"}));
  EXPECT_EQ(InState(InstanceState::kCompleted), (Ids{"a-1", "b-1"}));
  EXPECT_EQ(InState(InstanceState::kRunning), Ids{"a-2"});
  EXPECT_EQ(InState(InstanceState::kPending), Ids{"b-2"});
  EXPECT_EQ(InState(InstanceState::kFailed), Ids());
  InstanceFilter diaries;
  diaries.orchestration = "diary";
  EXPECT_EQ(IdsOf(client.admin().ListInstances(diaries)), (Ids{"a-2", "b-1", "b-2"}));
  diaries.id_prefix = "b-";
  EXPECT_EQ(IdsOf(client.admin().ListInstances(diaries)), (Ids{"b-1", "b-2"}));
  diaries.state = InstanceState::kCompleted;
  const auto one = client.admin().ListInstances(diaries);
  EXPECT_EQ(IdsOf(one), Ids{"b-1"});
  EXPECT_EQ(one->instances.front().status.output, "d");
}

TEST_P(ClientListTest, PagesHaveEachInstanceOnceWhileOthersComeAndGo) {
  for (int i = 10; i < 30; ++i) {
    ASSERT_TRUE(client.Start(kSequence, Numbered("i", i), 1).ok());
  }
  Ids ids;
  ListOptions options;
  options.limit = 7;
  DeleteOptions force;
  force.force = true;
  for (bool more = true; more;) {
    const auto page = client.admin().ListInstances(InstanceFilter(), options);
    for (const std::string& id : IdsOf(page)) ids.push_back(id);
    more = page->more;
    options.after = page->next;
    ASSERT_TRUE(client.Start(kSequence, "a" + options.after, 1).ok());  // before all that is left
    ASSERT_TRUE(client.admin().Delete(options.after, force).ok());      // where the list goes on
  }
  ASSERT_EQ(ids.size(), 20u);
  EXPECT_EQ(ids.front(), "i10");
  EXPECT_EQ(ids.back(), "i29");
}

TEST_P(ClientListTest, AListGoesOnBehindManyDeletedInstances) {
  constexpr int kDeleted = 3000;
  tandem::Batch starts;  // as far as the index is concerned
  tandem::Batch deletions;
  for (int i = 0; i < kDeleted; ++i) {
    const std::string id = Numbered("gone", i);
    starts.Add(internal::AddToIndex(id, "sequence", "", InstanceState::kPending));
    deletions.Add(internal::RemoveFromIndex(id, "sequence", "", InstanceState::kPending));
  }
  ASSERT_TRUE(provider.AtomicBatch(std::move(starts)).ok());
  ASSERT_TRUE(client.Start(kSequence, "last", 1).ok());
  ASSERT_TRUE(provider.AtomicBatch(std::move(deletions)).ok());
  Ids ids;
  ListOptions options;
  for (bool more = true; more;) {
    const auto page = client.admin().ListInstances(InstanceFilter(), options);
    for (const std::string& id : IdsOf(page)) ids.push_back(id);
    more = page->more;
    ASSERT_GT(page->next, options.after) << "each page moves on";
    options.after = page->next;
  }
  EXPECT_EQ(ids, Ids{"last"});
}

TEST_P(ClientListTest, BadListsAreRefused) {
  ListOptions none;
  none.limit = 0;
  EXPECT_EQ(client.admin().ListInstances(InstanceFilter(), none).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(client.admin().ListChildren("").status().code(), StatusCode::kInvalidArgument);
  InstanceFilter filter;
  filter.id_prefix = std::string(10'000, 'x');
  EXPECT_EQ(client.admin().ListInstances(filter).status().code(), StatusCode::kTooLarge);
}

TEST_P(ClientListTest, TreeHasParentsBeforeTheirChildren) {
  const auto runtime = StartRuntime(ClientSamples());
  ASSERT_TRUE(client.Start(kFamily, "root", 2).ok());
  // Two children with one child each; these have none.
  while (client.admin().GetTree("root")->size() < 5)
    AwaitHistory(client.admin().GetTree("root")->back().instance, 2);
  const auto tree = client.admin().GetTree("root");
  ASSERT_EQ(tree->size(), 5u);
  EXPECT_EQ(tree->front().instance, "root");
  EXPECT_EQ(tree->front().parent, "");
  EXPECT_EQ((*tree)[1].parent, "root");
  EXPECT_EQ((*tree)[2].parent, "root");
  EXPECT_EQ((*tree)[3].parent, (*tree)[1].instance);
  EXPECT_EQ((*tree)[4].depth, 2u);
  EXPECT_EQ((*tree)[4].orchestration, "family");
  EXPECT_EQ(IdsOf(client.admin().ListChildren("root")),
            (Ids{(*tree)[1].instance, (*tree)[2].instance}));
  EXPECT_EQ(IdsOf(client.admin().ListChildren("nobody")), Ids());
}

TEST_P(ClientListTest, Defect16_InstanceBetweenTwoExecutionsIsRunning) {
  const auto runtime = StartRuntime(ClientSamples());
  ASSERT_TRUE(client.Start(kDiary, "i", "d").ok());
  ASSERT_TRUE(client.RaiseEvent("i", "words", "anew").ok());
  ASSERT_TRUE(client.RaiseEvent("i", "words", "sun").ok());
  ASSERT_TRUE(client.WaitForCustomStatus("i", 0, kLong).ok());
  EXPECT_EQ(InState(InstanceState::kRunning), Ids{"i"});
  EXPECT_EQ(InState(InstanceState::kCompleted), Ids());
  EXPECT_EQ(client.GetStatus("i")->execution, 2u);
  EXPECT_EQ(client.GetStatus("i")->created_at, clock.Now());
  EXPECT_EQ(client.admin().Delete("i").status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace duroxide
