// One damaged record never stops more than what it belongs to. A store that has something under
// every key prefix of docs/formats.md is damaged past the provider, one record at a time, and
// opened again: a fresh instance of the runtime finishes, fresh streams and queues work, every
// other answer is a result or a typed error, and nothing ends the process.

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tandem/batch/provider_admin.h"
#include "tandem/batch/rocksdb_provider.h"
#include "tandem/duroxide.h"
#include "tandem/tests/crash/store_files.h"
#include "tandem/tests/support/random_seed.h"
#include "tandem/tests/support/temporary_directory.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;
using duroxide::Activity;
using duroxide::ActivityContext;
using duroxide::Orchestration;
using duroxide::OrchestrationContext;
using duroxide::Task;

constexpr int kUsualRounds = 100;
// The canary waits so long for real, if it has been stopped: then the test has failed.
constexpr std::chrono::seconds kCanaryLimit{20};

// --- What is in the store ----------------------------------------------------------------------

constexpr Activity<std::string(std::string)> kEcho("echo");
constexpr Orchestration<std::string(std::string)> kOnce("once");
constexpr Orchestration<std::string(std::string)> kWaiting("waiting");

Task<Result<std::string>> Once(OrchestrationContext ctx, std::string text) {
  co_return co_await ctx.Call(kEcho, text);
}

// Leaves a bit of everything open: a timer, a child, an activity that nobody serves, a
// subscription.
Task<Result<std::string>> Waiting(OrchestrationContext ctx, std::string text) {
  ctx.SetKv("key", text);
  duroxide::CallOptions nobody;
  nobody.Tag("nobody");
  const auto unserved = ctx.Call(kEcho, text, nobody);
  const auto timer = ctx.StartTimer(std::chrono::hours(1));
  auto child = ctx.StartChild(kOnce, text);
  const Result<std::string> done = co_await std::move(child);
  ctx.SetCustomStatus("the child is done");
  if (!done.ok()) co_return done.status();
  co_return co_await ctx.WaitForEvent<std::string>("go");
}

duroxide::Registry AllCode() {
  duroxide::Registry registry;
  registry.Add(kOnce, Once);
  registry.Add(kWaiting, Waiting);
  registry.Add(kEcho,
               [](ActivityContext&, std::string text) -> Result<std::string> { return text; });
  return registry;
}

duroxide::RuntimeOptions FewThreads() {
  duroxide::RuntimeOptions options;
  options.orchestration_threads = 2;
  options.activity_threads = 2;
  return options;
}

void FillEvents(Provider& store) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(store.Append({"account", 0}, {"a", "b", "c"}).ok());
  }
  ASSERT_TRUE(store.Append({"account", 1}, {"d"}).ok());
  ASSERT_TRUE(store.Append({"gone", 0}, {"e"}).ok());
  UpdateMetadata update;
  update.stream = {"account", 1};
  update.set = {{"snapshot", "bytes"}, {"snapshot2", "more"}};
  ASSERT_TRUE(store.AtomicBatch({update}).ok());
  ASSERT_TRUE(store.AtomicBatch({DeletePartition{{"account", 0}}}).ok());
  ASSERT_TRUE(store.AtomicBatch({DeleteEntity{"gone"}}).ok());
  ASSERT_TRUE(store.Append({"long", 0}, {"1", "2", "3", "4"}).ok());
  ASSERT_TRUE(store.admin()->Truncate({"long", 0}, 3).ok());
  BatchOptions repeatable;
  repeatable.id = "batch-1";
  ASSERT_TRUE(store.AtomicBatch({AppendEvents({"long", 0}, {"5"})}, repeatable).ok());
}

void FillQueues(Provider& store) {
  const auto enqueue = [&store](const std::string& group, const std::string& key, int delay_s) {
    EnqueueOptions options;
    options.group = group;
    options.key = key;
    options.delay = std::chrono::seconds(delay_s);
    ASSERT_TRUE(store.Enqueue("work", "payload " + group + key, options).ok());
  };
  for (int i = 0; i < 2; ++i) {
    enqueue("", "", 0);
    enqueue("group", "", 0);
    enqueue("group", "", 3'600);
    enqueue("other", "key-" + std::to_string(i), 0);
  }
  enqueue("", "late", 3'600);
  DequeueOptions all;
  all.max_messages = 10;
  all.max_groups = 10;
  const auto taken = store.Dequeue("work", all);  // delivery counts; the leases end at close
  ASSERT_TRUE(taken.ok()) << taken.status();
  ASSERT_TRUE(store.Enqueue("dying", "payload").ok());
  ASSERT_TRUE(store.Dequeue("dying")->size() == 1);
}

void FillInstances(Provider& store) {
  const auto runtime = duroxide::Runtime::Start(store, AllCode(), FewThreads());
  ASSERT_TRUE(runtime.ok()) << runtime.status();
  const duroxide::Client client = (*runtime)->client();
  ASSERT_TRUE(client.Start(kOnce, "finished", "x").ok());
  ASSERT_TRUE(client.Wait(kOnce, "finished", kCanaryLimit).ok());
  ASSERT_TRUE(client.Start(kWaiting, "waiting", "x").ok());
  ASSERT_TRUE(client.WaitForCustomStatus("waiting", 0, kCanaryLimit).ok());
  duroxide::StartOptions later;
  later.Delay(std::chrono::hours(1));
  ASSERT_TRUE(client.Start(kOnce, "later", "x", later).ok());
}

// --- Damage ------------------------------------------------------------------------------------

using Keys = std::vector<std::string>;

// The database of a store, opened past us. What is changed is in tables only: the log keeps its
// stamps.
class RawStore {
 public:
  explicit RawStore(const fs::path& path) {
    std::vector<std::string> names;
    EXPECT_TRUE(rocksdb::DB::ListColumnFamilies({}, path, &names).ok());
    std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
    for (const std::string& name : names) descriptors.emplace_back(name, rocksdb::Options());
    rocksdb::DB* db = nullptr;
    const auto opened = rocksdb::DB::Open({}, path, descriptors, &families_, &db);
    EXPECT_TRUE(opened.ok()) << opened.ToString();
    db_.reset(db);
  }
  ~RawStore() {
    for (auto* family : families_) EXPECT_TRUE(db_->Flush({}, family).ok());
    for (auto* family : families_) EXPECT_TRUE(db_->DestroyColumnFamilyHandle(family).ok());
  }
  RawStore(const RawStore&) = delete;
  RawStore& operator=(const RawStore&) = delete;

  std::map<std::string, Keys> AllKeys() {
    std::map<std::string, Keys> keys;
    for (auto* family : families_) {
      const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator({}, family));
      for (it->SeekToFirst(); it->Valid(); it->Next()) {
        keys[family->GetName()].push_back(it->key().ToString());
      }
    }
    return keys;
  }
  std::string Get(const std::string& family, const std::string& key) {
    std::string value;
    EXPECT_TRUE(db_->Get({}, Family(family), key, &value).ok());
    return value;
  }
  void Put(const std::string& family, const std::string& key, const std::string& value) {
    EXPECT_TRUE(db_->Put(no_log_, Family(family), key, value).ok());
  }
  void Delete(const std::string& family, const std::string& key) {
    EXPECT_TRUE(db_->Delete(no_log_, Family(family), key).ok());
  }

 private:
  rocksdb::ColumnFamilyHandle* Family(const std::string& name) {
    return *std::ranges::find(families_, name, &rocksdb::ColumnFamilyHandle::GetName);
  }

  rocksdb::WriteOptions no_log_ = [] {
    rocksdb::WriteOptions options;
    options.disableWAL = true;
    return options;
  }();
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;
};

enum class Mutation { kEmpty, kCut, kFlip, kRandom, kOnes, kForeign, kDelete, kOddKey, kEnd };

std::string_view NameOf(Mutation mutation) {
  constexpr std::string_view kNames[] = {"empty",         "cut short",
                                         "a bit flipped", "random bytes",
                                         "all ones",      "another record's value",
                                         "deleted",       "a key of no meaning beside it"};
  return kNames[static_cast<std::size_t>(mutation)];
}

// --- One store for all -------------------------------------------------------------------------

class MutatedRecordsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<testing::TemporaryDirectory>();
    auto store = RocksDbProvider::Open(Pristine(), OpenMode::kCreateIfMissing);
    ASSERT_TRUE(store.ok()) << store.status();
    FillEvents(**store);
    FillQueues(**store);
    FillInstances(**store);
    store->reset();
    keys_ = RawStore(Pristine()).AllKeys();
  }
  static void TearDownTestSuite() { folder_.reset(); }

  static fs::path Pristine() { return folder_->path() / "pristine"; }
  static fs::path Damaged() { return folder_->path() / "damaged"; }

  // Damages a copy.
  static void Damage(const std::string& family, const std::string& key, Mutation mutation,
                     std::mt19937_64& random) {
    testing::CopyStore(Pristine(), Damaged());
    RawStore raw(Damaged());
    std::string value = raw.Get(family, key);
    switch (mutation) {
      case Mutation::kEmpty:
        value.clear();
        break;
      case Mutation::kCut:
        value.resize(value.empty() ? 0 : random() % value.size());
        break;
      case Mutation::kFlip:
        if (!value.empty()) value[random() % value.size()] ^= static_cast<char>(1 << random() % 8);
        break;
      case Mutation::kRandom:
        for (char& byte : value) byte = static_cast<char>(random());
        break;
      case Mutation::kOnes:
        std::ranges::fill(value, '\xff');
        break;
      case Mutation::kForeign: {
        const Keys& keys = keys_.at(family);
        value = raw.Get(family, keys[random() % keys.size()]);
        break;
      }
      case Mutation::kDelete:
        return raw.Delete(family, key);
      case Mutation::kOddKey:
        return raw.Put(family, key.substr(0, 1) + std::string(random() % 12, '\x01'), value);
      case Mutation::kEnd:
        break;
    }
    raw.Put(family, key, value);
  }

  // Errors of the store's own record refuse the whole store, and may.
  static bool IsOfTheWholeStore(const std::string& family, const std::string& key) {
    return family == "default" && !key.starts_with('B');
  }

  static void ExpectOthersGoOn(Provider& store) {
    {
      const auto runtime = duroxide::Runtime::Start(store, AllCode(), FewThreads());
      ASSERT_TRUE(runtime.ok()) << runtime.status();
      const duroxide::Client client = (*runtime)->client();
      const Status started = client.Start(kOnce, "canary", "tweet");
      EXPECT_TRUE(started.ok()) << started;
      const Result<std::string> output = client.Wait(kOnce, "canary", kCanaryLimit);
      EXPECT_TRUE(output.ok()) << output.status();
      LookAtInstances(client);
    }
    EXPECT_TRUE(store.Append({"canary", 0}, {"tweet"}).ok());
    EXPECT_EQ(store.Read({"canary", 0}, {})->head, 1U);
    EXPECT_TRUE(store.Enqueue("canary", "tweet").ok());
    const auto taken = store.Dequeue("canary");
    ASSERT_TRUE(taken.ok()) << taken.status();
    ASSERT_EQ(taken->size(), 1U);
    EXPECT_TRUE(store.Ack(taken->front().lock_token).ok());
    LookAtAll(store);
    EXPECT_TRUE(store.Append({"canary", 0}, {"still here"}).ok()) << "the store has not stopped";
  }

  // Whatever these answer, they answer.
  static void LookAtInstances(const duroxide::Client& client) {
    for (const char* instance : {"finished", "waiting", "later"}) {
      (void)client.GetStatus(instance);
      (void)client.RaiseEvent(instance, "go", "now");
      (void)client.ReadHistory(instance, {});
      (void)client.Cancel(instance, "over");
    }
    const auto page = client.admin().ListInstances(duroxide::InstanceFilter());
    ASSERT_TRUE(page.ok()) << page.status();
    EXPECT_TRUE(std::ranges::any_of(page->instances, [](const duroxide::InstanceEntry& entry) {
      return entry.instance == "canary";
    }));
    duroxide::DeleteOptions force;
    force.force = true;
    (void)client.admin().GetTree("waiting");
    (void)client.admin().Delete("waiting", force);
  }

  static void LookAtAll(Provider& store) {
    for (const StreamId& stream : {StreamId{"account", 0}, StreamId{"account", 1},
                                   StreamId{"gone", 0}, StreamId{"long", 0}}) {
      (void)store.Read(stream, {});
      (void)store.LatestPartition(stream.entity);
      (void)store.ReadMetadata(stream, {});
      (void)store.Append(stream, {"x"});
      (void)store.AtomicBatch({DeleteEntity{stream.entity}});
    }
    (void)store.ReadAll(0, {});
    ProviderAdmin& admin = *store.admin();
    (void)admin.ListEntities({});
    (void)admin.ListQueues({});
    const Status verified = admin.Verify().status();
    EXPECT_TRUE(verified.ok() || verified.code() == StatusCode::kCorruption) << verified;
    for (const char* queue : {"work", "dying"}) {
      (void)admin.Statistics(queue);
      (void)admin.Browse(queue, {});
      DequeueOptions options;
      options.max_deliveries = 1;
      (void)store.Dequeue(queue, options);
      (void)store.AtomicBatch({DeleteGroup{queue, "group"}, CancelMessage{queue, "key-0"}});
      (void)admin.Redrive(queue);
      (void)admin.Purge(queue);
    }
  }

  static std::unique_ptr<testing::TemporaryDirectory> folder_;
  static std::map<std::string, Keys> keys_;
};

std::unique_ptr<testing::TemporaryDirectory> MutatedRecordsTest::folder_;
std::map<std::string, Keys> MutatedRecordsTest::keys_;

TEST_F(MutatedRecordsTest, TheStoreHasSomethingUnderEveryPrefix) {
  std::set<std::string> prefixes;
  for (const auto& [family, keys] : keys_) {
    for (const std::string& key : keys) prefixes.insert(family + " " + key.substr(0, 1));
  }
  const std::set<std::string> all = {"default B",  "default s",  "events F",   "events H",
                                     "events M",   "events T",   "events V",   "messages D",
                                     "messages G", "messages H", "messages K", "messages Q",
                                     "messages R", "messages W"};
  EXPECT_EQ(prefixes, all);
}

TEST_F(MutatedRecordsTest, OneDamagedRecordStopsNothingButWhatItBelongsTo) {
  std::mt19937_64 random(testing::TestSeed());
  // By family and prefix, so that each has its turns, however few keys it has.
  std::map<std::pair<std::string, char>, Keys> kinds;
  for (const auto& [family, keys] : keys_) {
    for (const std::string& key : keys) kinds[{family, key.front()}].push_back(key);
  }
  const int rounds = testing::ScaledRounds(kUsualRounds);
  for (int round = 0; round < rounds && !HasFailure(); ++round) {
    const auto& [kind, keys] = *std::next(kinds.begin(), round % std::ssize(kinds));
    const std::string& family = kind.first;
    const std::string& key = keys[random() % keys.size()];
    const auto mutation = static_cast<Mutation>(random() % static_cast<unsigned>(Mutation::kEnd));
    SCOPED_TRACE("round " + std::to_string(round) + ": " + family + " key " +
                 rocksdb::Slice(key).ToString(/*hex=*/true) + ", " + std::string(NameOf(mutation)));
    Damage(family, key, mutation, random);
    auto store = RocksDbProvider::Open(Damaged(), OpenMode::kCreateIfMissing);
    if (!store.ok()) {
      EXPECT_TRUE(IsOfTheWholeStore(family, key)) << store.status();
      EXPECT_TRUE(store.status().code() == StatusCode::kCorruption ||
                  store.status().code() == StatusCode::kUnsupported)
          << store.status();
      continue;
    }
    ExpectOthersGoOn(**store);
  }
}

}  // namespace
}  // namespace tandem
