// Deleting instances: whole, exact, and with no life after it.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "tandem/base/limits.h"
#include "tandem/duroxide_runtime/internal/client/instance_deletion.h"
#include "tandem/duroxide_runtime/internal/engine/names.h"
#include "tandem/tests/duroxide_runtime/client/client_samples.h"
#include "tandem/tests/duroxide_runtime/runtime_fixture.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT
using std::chrono::hours;
using tandem::StatusCode;

DeleteOptions Force() {
  DeleteOptions options;
  options.force = true;
  return options;
}

bool IsTurnOf(const std::string& instance, const ProbeProvider::Operations& batch) {
  return std::ranges::any_of(batch, [&](const tandem::Operation& operation) {
    const auto* append = std::get_if<tandem::AppendEvents>(&operation);
    return append != nullptr && append->stream.entity == internal::InstanceEntity(instance);
  });
}

class ClientDeleteTest : public RuntimeFixture {
 protected:
  // Nothing is left of the instance, in no stream, no list, and no queue. REQUIRES: no runtime.
  void ExpectGone(const std::string& instance) {
    EXPECT_EQ(client.GetStatus(instance).status().code(), StatusCode::kNotFound);
    EXPECT_EQ(client.RaiseEvent(instance, "e").code(), StatusCode::kNotFound);
    InstanceFilter filter;
    filter.id_prefix = instance;
    EXPECT_TRUE(client.admin().ListInstances(filter)->instances.empty());
    for (std::uint64_t partition = 0; partition < 20; ++partition) {
      const tandem::StreamId stream{internal::InstanceEntity(instance), partition};
      EXPECT_EQ(provider.Read(stream, tandem::ReadOptions())->head, 0u);
      EXPECT_TRUE(provider.ReadMetadata(stream, tandem::MetadataOptions())->entries.empty());
    }
    const std::vector<std::string> queues{"dx/turns", "dx/work"};
    EXPECT_TRUE(provider.Dequeue(queues, tandem::DequeueOptions())->empty());
  }

  // More than one batch deletes. REQUIRES: no runtime.
  void StartWithManyMessages(const std::string& instance) {
    ASSERT_TRUE(client.Start(kDiary, instance, "large").ok());
    const tandem::Enqueue message{std::string(internal::kTurnQueue), "x", {.group = instance}};
    const tandem::Batch messages(
        std::vector<tandem::Operation>(2 * tandem::kDeletedAtOnceMax, message));
    ASSERT_TRUE(provider.AtomicBatch(messages).ok());
  }

  // Starts a family of that size, and waits until it is complete.
  void StartFamily(int n, std::size_t members) {
    ASSERT_TRUE(client.Start(kFamily, "root", n).ok());
    while (client.admin().GetTree("root")->size() < members) {
      AwaitHistory(client.admin().GetTree("root")->back().instance, 2);
    }
    const auto tree = client.admin().GetTree("root");
    for (const TreeEntry& member : *tree) AwaitHistory(member.instance, 2);
  }
};
INSTANTIATE_TEST_SUITE_P(, ClientDeleteTest, ::testing::ValuesIn(ProviderKinds()), KindName);

TEST_P(ClientDeleteTest, FinishedInstanceIsDeletedWholeAndItsIdIsFree) {
  auto runtime = StartRuntime(ClientSamples());
  ASSERT_TRUE(client.Start(kCountdown, "i", 3).ok());
  ASSERT_TRUE(client.Wait(kCountdown, "i", kLong).ok());
  const auto deleted = client.admin().Delete("i");
  ASSERT_TRUE(deleted.ok()) << deleted.status();
  EXPECT_EQ(deleted->instances, 1u);
  EXPECT_EQ(deleted->events, 9u);
  EXPECT_EQ(client.admin().Delete("i").status().code(), StatusCode::kNotFound);
  runtime.reset();
  ExpectGone("i");

  runtime = StartRuntime(ClientSamples());
  for (int life = 0; life < 3; ++life) {
    ASSERT_TRUE(client.Start(kCountdown, "i", 3).ok());
    EXPECT_EQ(client.Start(kCountdown, "i", 3).code(), StatusCode::kAlreadyExists);
    // Behind the tombstone and the new home: 5 to 7, 9 to 11, 13 to 15.
    EXPECT_EQ(client.Wait(kCountdown, "i", kLong).value(), 7 + 4 * life);
    EXPECT_EQ(client.admin().ListExecutions("i")->executions.size(), 3u);
    EXPECT_EQ(client.GetKv<int>("i", "left").value(), 1);
    EXPECT_EQ(client.admin().Delete("i")->events, 9u);
  }
}

TEST_P(ClientDeleteTest, WhatRunsIsDeletedOnlyByForce) {
  auto runtime = StartRuntime(ClientSamples());
  ASSERT_TRUE(client.Start(kApproval, "i", "trip").ok());
  AwaitHistory("i", 3);
  EXPECT_EQ(client.admin().Delete("i").status().ToString(),
            "InvalidArgument: not finished: 'i' (Running); cancel first, or delete with force");
  EXPECT_EQ(client.admin().Delete("i", Force())->events, 3u);
  clock.Advance(hours(2));  // its timer would be due
  ASSERT_TRUE(client.Start(kOnce, "other", "x").ok());
  ASSERT_TRUE(client.Wait(kOnce, "other", kLong).ok());
  runtime.reset();
  ExpectGone("i");
  EXPECT_EQ(log.Count("no such instance"), 0u);
}

TEST_P(ClientDeleteTest, PendingInstanceIsDeletedWithItsStart) {
  ASSERT_TRUE(client.Start(kOnce, "i", "x", StartOptions().Delay(hours(1))).ok());
  EXPECT_EQ(client.admin().Delete("i").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(client.admin().Delete("i", Force())->events, 0u);
  clock.Advance(hours(1));
  ExpectGone("i");
  ASSERT_TRUE(client.Start(kOnce, "i", "y").ok());
  EXPECT_EQ(client.admin().Delete("i", Force())->instances, 1u);
  ASSERT_TRUE(client.Start(kOnce, "i", "z").ok());
  const auto runtime = StartRuntime(ClientSamples());
  EXPECT_EQ(client.Wait(kOnce, "i", kLong).value(), "z");
}

TEST_P(ClientDeleteTest, RunningActivityBringsNothingBack) {
  Barrier barrier;
  std::atomic<int> calls = 0;
  Registry registry;
  registry.Add(kOnce, EchoOnce);
  registry.Add(kEcho, [&](ActivityContext&, const std::string& text) -> Result<std::string> {
    if (++calls == 1) barrier.Enter();
    return text + " done";
  });
  auto runtime = StartRuntime(registry);
  ASSERT_TRUE(client.Start(kOnce, "i", "old").ok());
  barrier.AwaitEntered(1);
  EXPECT_EQ(client.admin().Delete("i", Force())->instances, 1u);
  ASSERT_TRUE(client.Start(kOnce, "i", "new").ok());  // while the old activity still runs
  EXPECT_EQ(client.Wait(kOnce, "i", kLong).value(), "new done");
  const auto executions = client.admin().ListExecutions("i");
  EXPECT_EQ(executions->executions.front().execution, 3u);  // 1 deleted, 2 is the home
  const History before = HistoryOf("i");
  barrier.Open();
  log.Await("dropped the result of activity 'echo'");
  runtime->Shutdown();
  EXPECT_EQ(HistoryOf("i"), before);
  EXPECT_EQ(calls, 2);
  ASSERT_TRUE(client.admin().Delete("i").ok());
  ExpectGone("i");
}

TEST_P(ClientDeleteTest, TurnInFlightBringsNothingBack) {
  std::atomic<bool> deleted = false;
  auto runtime = StartRuntime(ClientSamples());
  ASSERT_TRUE(client.Start(kDiary, "i", "d").ok());
  AwaitHistory("i", 3);
  provider.OnBatch([&](const ProbeProvider::Operations& batch) {
    if (IsTurnOf("i", batch) && !deleted.exchange(true)) {  // ready to be stored
      EXPECT_TRUE(client.admin().Delete("i", Force()).ok());
    }
    return Status::Ok();
  });
  ASSERT_TRUE(client.RaiseEvent("i", "words", "sun").ok());
  EXPECT_EQ(client.WaitForCustomStatus("i", 0, kLong).status().code(), StatusCode::kNotFound);
  runtime->Shutdown();
  EXPECT_GE(runtime->Stats().turn_conflicts, 1u);
  ExpectGone("i");
}

// It has gone on as new, and what a turn has found is pruned before it is read.
TEST_P(ClientDeleteTest, ExecutionThatIsPrunedUnderATurnIsLookedUpAgain) {
  RuntimeOptions plain;
  plain.live_instances = 0;
  plain.fused_commits = false;
  auto runtime = StartExactly(ClientSamples(), plain);
  ASSERT_TRUE(client.Start(kDiary, "i", "d").ok());
  AwaitHistory("i", 3);
  runtime.reset();
  std::vector<std::string> events;
  for (const HistoryEvent& event : HistoryOf("i")) {
    events.push_back(internal::EncodeHistoryEvent(event));
  }
  std::atomic<bool> found = false;
  provider.OnRead([&](const tandem::StreamId& stream) {
    if (stream != internal::HistoryStream("i", 1) || found.exchange(true)) return Status::Ok();
    EXPECT_TRUE(provider.EventStore::Append(internal::HistoryStream("i", 2), events).ok());
    return client.admin().PruneExecutions("i", 1).status();
  });
  ASSERT_TRUE(client.RaiseEvent("i", "words", "sun").ok());
  runtime = StartExactly(ClientSamples(), plain);
  tandem::ReadOptions next;
  next.from = events.size() + 1;
  next.wait = kLong;
  EXPECT_FALSE(provider.Read(internal::HistoryStream("i", 2), next)->events.empty());
  runtime->Shutdown();
  EXPECT_EQ(runtime->Stats().parked, 0u);
}

TEST_P(ClientDeleteTest, TreeIsDeletedWithItsRootOnly) {
  auto runtime = StartRuntime(ClientSamples());
  StartFamily(2, 5);
  const auto tree = client.admin().GetTree("root");
  const std::string child = (*tree)[1].instance;
  EXPECT_EQ(
      client.admin().Delete(child, Force()).status().ToString(),
      "InvalidArgument: instance '" + child + "' is a child of 'root', and is deleted with it");
  ASSERT_TRUE(client.RaiseEvent("root", "words", "done").ok());
  for (const TreeEntry& member : *tree) {
    ASSERT_TRUE(client.WaitUntilFinished(member.instance, kLong).ok());
  }
  EXPECT_EQ(client.admin().Delete("root")->instances, 5u);
  runtime.reset();
  for (const TreeEntry& member : *tree) ExpectGone(member.instance);
}

TEST_P(ClientDeleteTest, FinishedChildIsDeletedByItself) {
  auto runtime = StartRuntime(ClientSamples());
  StartFamily(2, 5);
  const auto tree = client.admin().GetTree("root");
  const TreeEntry& leaf = tree->back();
  ASSERT_TRUE(client.RaiseEvent(leaf.instance, "words", "done").ok());
  ASSERT_TRUE(client.WaitUntilFinished(leaf.instance, kLong).ok());
  const auto deleted = client.admin().Delete(leaf.instance);
  ASSERT_TRUE(deleted.ok()) << deleted.status();
  EXPECT_EQ(deleted->instances, 1u);
  EXPECT_EQ(client.admin().GetTree("root")->size(), 4u);
  EXPECT_TRUE(client.admin().ListChildren(leaf.parent)->instances.empty());
  AwaitHistory(leaf.parent, 4);  // has taken the result: a shutdown would leave it in the queue
  runtime.reset();
  ExpectGone(leaf.instance);

  // Its parent replays without it.
  runtime = StartRuntime(ClientSamples());
  ASSERT_TRUE(client.RaiseEvent(leaf.parent, "words", "done").ok());
  EXPECT_EQ(client.WaitUntilFinished(leaf.parent, kLong)->state, InstanceState::kCompleted);
  EXPECT_EQ(client.admin().Delete("root", Force())->instances, 4u);
}

TEST_P(ClientDeleteTest, FinishedChildMayGoBeforeItsResultIsTaken) {
  constexpr Orchestration<std::string(std::string)> kChooser("chooser");
  Registry registry = ClientSamples();
  registry.Add(kChooser, [](OrchestrationContext ctx, std::string id) -> Task<Result<std::string>> {
    Child<std::string> child = ctx.StartChild(kDiary, "x", ChildOptions().Instance(id));
    static_cast<void>(co_await std::move(child));
    co_return co_await OrFail(ctx.WaitForEvent<std::string>("words"));
  });
  const auto runtime = StartRuntime(std::move(registry));
  ASSERT_TRUE(client.Start(kChooser, "root", "mine").ok());
  AwaitHistory("mine", 2);
  std::atomic<bool> deleted = false;
  provider.OnBatch([&](const ProbeProvider::Operations& batch) {
    if (!IsTurnOf("root", batch) || deleted.exchange(true)) return Status::Ok();
    return client.admin()
        .Delete("mine")
        .status();  // the turn that takes the result is not stored yet
  });
  ASSERT_TRUE(client.RaiseEvent("mine", "words", "end").ok());
  AwaitHistory("root", 3);  // started, its child, the child's result
  EXPECT_TRUE(deleted);
  EXPECT_EQ(client.admin().GetTree("root")->size(), 1u);
  EXPECT_TRUE(std::holds_alternative<ChildCompleted>(HistoryOf("root")[2].body));
}

TEST_P(ClientDeleteTest, UnfinishedMembersAreNamed) {
  const auto runtime = StartRuntime(ClientSamples());
  StartFamily(2, 5);
  const Status refused = client.admin().Delete("root").status();
  EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(refused.message().find("'root' (Running), 'root::sub::1."), std::string::npos)
      << refused;
  EXPECT_EQ(client.admin().GetTree("root")->size(), 5u);
}

TEST_P(ClientDeleteTest, ChildOfTheLastMomentIsDeletedToo) {
  auto runtime = StartRuntime(ClientSamples());
  StartFamily(1, 2);
  std::atomic<bool> grown = false;
  const tandem::Version head = HistoryOf("root").size();
  provider.OnBatch([&](const ProbeProvider::Operations& batch) {
    if (Has<tandem::DeleteEntity>(batch) && !grown.exchange(true)) {
      EXPECT_TRUE(client.RaiseEvent("root", "words", "grow").ok());
      AwaitHistory("root", head + 2);
    }
    return Status::Ok();
  });
  EXPECT_EQ(client.admin().Delete("root", Force())->instances, 3u);
  runtime.reset();
  ExpectGone("root");
}

// However often it is looked at, the parent has had a turn since: one that is not stopped gets
// away.
TEST_P(ClientDeleteTest, ParentThatKeepsStartingChildrenIsDeletedByForce) {
  auto runtime = StartRuntime(ClientSamples());
  StartFamily(2, 5);
  std::atomic<int> tries = 0;
  provider.OnBatch([&](const ProbeProvider::Operations& batch) {
    if (!Has<tandem::DeleteEntity>(batch)) return Status::Ok();
    ++tries;
    const History history = HistoryOf("root");
    if (internal::IsEnd(history.back().body)) return Status::Ok();
    EXPECT_TRUE(client.RaiseEvent("root", "words", "grow").ok());
    AwaitHistory("root", history.size() + 2);
    return Status::Ok();
  });
  const auto deleted = client.admin().Delete("root", Force());
  ASSERT_TRUE(deleted.ok()) << deleted.status();
  EXPECT_GE(deleted->instances, 6u);
  EXPECT_LE(tries, 4) << "the first, the child that had not begun, and all that was left";
  runtime->Shutdown();
  EXPECT_TRUE(client.admin().ListInstances(InstanceFilter())->instances.empty());
  runtime.reset();
  ExpectGone("root");
}

// Those of its last moment are not known before it was stopped.
TEST_P(ClientDeleteTest, ActivitiesOfWhatWasStoppedAreCancelledToo) {
  constexpr Orchestration<std::string(std::string)> kCaller("caller");
  Registry registry;
  registry.Add(kCaller,
               [](OrchestrationContext ctx, std::string text) -> Task<Result<std::string>> {
                 std::vector<Future<std::string>> calls;
                 while (true) {
                   static_cast<void>(co_await OrFail(ctx.WaitForEvent<std::string>("words")));
                   calls.push_back(ctx.Call(kEcho, text));
                 }
               });
  RuntimeOptions options;
  options.activity_threads = 0;
  auto runtime = StartRuntime(registry, options);
  ASSERT_TRUE(client.Start(kCaller, "i", "x").ok());
  AwaitHistory("i", 2);
  std::atomic<bool> called = false;
  provider.OnBatch([&](const ProbeProvider::Operations& batch) {
    if (Has<tandem::DeleteEntity>(batch) && !called.exchange(true)) {
      EXPECT_TRUE(client.RaiseEvent("i", "words", "go on").ok());
      AwaitHistory("i", 5);  // the message, the call, and the next wait
    }
    return Status::Ok();
  });
  EXPECT_EQ(client.admin().Delete("i", Force())->instances, 1u);
  runtime.reset();
  ExpectGone("i");
}

TEST_P(ClientDeleteTest, RacingStartersSendersAndDeletersAgreeInTheEnd) {
  auto runtime = StartRuntime(ClientSamples());
  std::atomic<int> started = 0;
  std::atomic<int> deleted = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 25; ++round) {
        const std::string input = Numbered("input-", i);
        started += client.Start(kDiary, "i", input).ok();
        const Status sent = client.RaiseEvent("i", "words", "sun");
        // Between the end that a deletion gives it and the deletion, it has finished.
        const bool stopped = sent.ToString().find("has finished (Failed)") != std::string::npos;
        EXPECT_TRUE(sent.ok() || sent.code() == StatusCode::kNotFound || stopped) << sent;
        const auto result = client.admin().Delete("i", Force());
        if (result.ok()) deleted += static_cast<int>(result->instances);
        EXPECT_TRUE(result.ok() || result.status().code() == StatusCode::kNotFound)
            << result.status();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(started, deleted);
  EXPECT_GT(started, 0);
  runtime.reset();
  ExpectGone("i");
  EXPECT_EQ(log.Count("no such instance"), 0u);
}

// No batch frees the id before the last message is gone: the next life would lose its start, or get
// a message of this one.
TEST_P(ClientDeleteTest, InstanceWithMoreMessagesThanOneBatchDeletesFreesItsIdWithTheLast) {
  StartWithManyMessages("i");
  int batches = 0;
  provider.OnBatch([&](const ProbeProvider::Operations& batch) {
    if (!Has<tandem::DeleteGroup>(batch)) return Status::Ok();
    ++batches;
    EXPECT_EQ(client.Start(kDiary, "i", "next").code(), StatusCode::kAlreadyExists);
    return Status::Ok();
  });
  EXPECT_EQ(client.admin().Delete("i", Force())->instances, 1u);
  EXPECT_GE(batches, 4) << "one that is too large, portions, and the last";
  provider.OnBatch(nullptr);
  ExpectGone("i");
}

TEST_P(ClientDeleteTest, DeletionThatEndsWithinItsPortionsIsRepeated) {
  StartWithManyMessages("i");
  int batches = 0;
  provider.OnBatch([&](const ProbeProvider::Operations& batch) {
    if (Has<tandem::DeleteGroup>(batch) && ++batches == 3) return Status::Unavailable("not now");
    return Status::Ok();
  });
  EXPECT_EQ(client.admin().Delete("i", Force()).status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(client.admin().Delete("i", Force())->instances, 1u);
  ExpectGone("i");
}

TEST_P(ClientDeleteTest, LargeTreeGoesFromTheLeavesUp) {
  auto runtime = StartRuntime(ClientSamples());
  StartFamily(3, 16);
  runtime.reset();
  int batches = 0;
  provider.OnBatch([&](const ProbeProvider::Operations& batch) {
    if (!Has<tandem::DeleteEntity>(batch) || ++batches < 4) return Status::Ok();
    return Status::Unavailable("not now");
  });
  EXPECT_EQ(internal::DeleteTree(provider, "root", true, 10).status().code(),
            StatusCode::kUnavailable);
  const std::size_t left = client.admin().GetTree("root")->size();
  EXPECT_LT(left, 16u);
  EXPECT_GT(left, 1u);
  batches = -1000;
  EXPECT_EQ(internal::DeleteTree(provider, "root", true, 10)->instances, left);
  EXPECT_TRUE(client.admin().ListInstances(InstanceFilter())->instances.empty());
  ExpectGone("root");
}

}  // namespace
}  // namespace duroxide
