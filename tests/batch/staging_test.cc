// What a View shows of two overlays and a database, against a plain map: single writes, deletions,
// deletions of ranges, in any order.

#include <gtest/gtest.h>

#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>

#include "tandem/base/rocks/rocks_status.h"
#include "tandem/base/rocks/staging.h"
#include "tandem/base/rocks/view_cursor.h"
#include "tandem/tests/support/random_seed.h"
#include "tandem/tests/support/temporary_directory.h"

namespace tandem {
namespace {

using Model = std::map<std::string, std::string>;

class StagingTest : public ::testing::Test {
 protected:
  // What one group of batches stages, and what is written of it.
  struct Group {
    Overlay overlay;
    rocksdb::WriteBatch batch;
  };

  StagingTest() {
    rocksdb::Options options;
    options.create_if_missing = true;
    rocksdb::DB* db = nullptr;
    const rocksdb::Status opened = rocksdb::DB::Open(options, directory_.path().string(), &db);
    db_.reset(db);
    EXPECT_TRUE(opened.ok()) << opened.ToString();
  }

  rocksdb::ColumnFamilyHandle* family() { return db_->DefaultColumnFamily(); }

  void WriteOut(Group& group) {
    ASSERT_TRUE(db_->Write(rocksdb::WriteOptions(), &group.batch).ok());
  }

  static Model Contents(const View& view, rocksdb::ColumnFamilyHandle* family) {
    Model contents;
    ViewCursor cursor(view, family, "", "z");
    for (; cursor.Valid(); cursor.Next()) {
      contents.emplace(cursor.key(), cursor.value());
    }
    EXPECT_TRUE(cursor.status().ok()) << cursor.status();
    return contents;
  }

  Model ContentsOfDatabase() { return Contents(View(db_.get(), nullptr, nullptr), family()); }

  testing::TemporaryDirectory directory_;
  std::unique_ptr<rocksdb::DB> db_;
};

// Few keys, so that everything meets everything.
class Walk {
 public:
  explicit Walk(std::uint64_t seed) : random_(seed) {}

  std::string Key() {
    std::string key(1, static_cast<char>('a' + Below(3)));
    while (Below(2) == 0 && key.size() < 3) key.push_back(static_cast<char>('a' + Below(3)));
    return key;
  }

  std::uint64_t Below(std::uint64_t bound) { return random_() % bound; }

  void Step(Staging& staging, rocksdb::ColumnFamilyHandle* family, Model& model) {
    const std::string key = Key();
    const std::string end = Key();
    switch (Below(4)) {
      case 0:
      case 1: {
        const std::string value = std::to_string(++writes_);
        staging.Put(family, key, value);
        model[key] = value;
        return;
      }
      case 2:
        staging.Delete(family, key);
        model.erase(key);
        return;
      default:
        if (Below(2) == 0) {
          staging.DeleteRange(family, key, end);
        } else {
          ASSERT_TRUE(staging.DeleteAll(family, key, end).ok());
        }
        if (key < end) model.erase(model.lower_bound(key), model.lower_bound(end));
    }
  }

 private:
  std::mt19937_64 random_;
  int writes_ = 0;
};

void ExpectAgreement(const View& view, rocksdb::ColumnFamilyHandle* family, const Model& model,
                     const Model& database, Walk& walk) {
  const std::string from = walk.Key();
  const std::string end = walk.Key();
  const auto expected = model.lower_bound(from);
  const bool found = expected != model.end() && expected->first < end;

  const auto first = view.First(family, from, end);
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_EQ(first->has_value(), found) << from << " to " << end;
  if (found) {
    EXPECT_EQ(**first, View::Entry(*expected));
  }

  const auto last = view.LastKey(family, from, end);
  ASSERT_TRUE(last.ok()) << last.status();
  ASSERT_EQ(last->has_value(), found) << from << " to " << end;
  if (found) {
    EXPECT_EQ(**last, std::prev(model.lower_bound(end))->first) << from << " to " << end;
  }

  const auto value = view.Get(family, from);
  ASSERT_TRUE(value.ok()) << value.status();
  const auto known = model.find(from);
  EXPECT_EQ(*value, known == model.end() ? std::nullopt : std::optional(known->second));
  if (database.contains(from)) {
    EXPECT_EQ(view.DeletedByStaged(family, from), !model.contains(from)) << from;
  }

  std::string unwritten = end;
  for (auto it = expected; it != model.end() && it->first < unwritten; ++it) {
    if (!database.contains(it->first)) unwritten = it->first;
  }
  EXPECT_EQ(view.FirstUnwritten(family, from, end), unwritten);
}

TEST_F(StagingTest, AViewAgreesWithAMapWhateverIsStaged) {
  Walk walk(testing::TestSeed());
  Model model;
  for (int round = 0; round < 400; ++round) {
    const Model database = model;
    Group in_flight;
    Group staged;
    Staging first(db_.get(), nullptr, &in_flight.overlay, &in_flight.batch);
    Staging second(db_.get(), &in_flight.overlay, &staged.overlay, &staged.batch);
    for (Staging* staging : {&first, &second}) {
      const std::uint64_t steps = walk.Below(12);
      for (std::uint64_t i = 0; i < steps; ++i) {
        walk.Step(*staging, family(), model);
        ExpectAgreement(*staging, family(), model, database, walk);
      }
      EXPECT_EQ(Contents(*staging, family()), model);
    }
    WriteOut(in_flight);
    EXPECT_EQ(Contents(second, family()), model) << "what is in flight may already be there";
    WriteOut(staged);
    EXPECT_EQ(ContentsOfDatabase(), model);
    if (HasFailure()) return;
  }
}

TEST_F(StagingTest, ManyKeysAreDeletedByOneRangeAndFewByName) {
  for (const std::size_t keys : {Staging::kPointDeletesMax, Staging::kPointDeletesMax + 1}) {
    Group written;
    Staging before(db_.get(), nullptr, &written.overlay, &written.batch);
    for (std::size_t i = 0; i < keys; ++i) before.Put(family(), "k" + std::to_string(i), "v");
    before.Put(family(), "l", "stays");
    WriteOut(written);

    Group deletion;
    Staging staging(db_.get(), nullptr, &deletion.overlay, &deletion.batch);
    ASSERT_TRUE(staging.DeleteAll(family(), "k", "l").ok());
    EXPECT_EQ(deletion.batch.HasDeleteRange(), keys > Staging::kPointDeletesMax);
    EXPECT_EQ(deletion.batch.Count(), keys > Staging::kPointDeletesMax ? 1U : keys);
    EXPECT_EQ(Contents(staging, family()), (Model{{"l", "stays"}}));
    WriteOut(deletion);
    EXPECT_EQ(ContentsOfDatabase(), (Model{{"l", "stays"}}));
  }
}

TEST_F(StagingTest, ACursorSeeksForwardAndBack) {
  Group group;
  Staging staging(db_.get(), nullptr, &group.overlay, &group.batch);
  for (const char* key : {"a", "b", "c", "d"}) staging.Put(family(), key, key);
  staging.Delete(family(), "c");
  ViewCursor cursor(staging, family(), "b", "z");
  ASSERT_TRUE(cursor.Valid());
  EXPECT_EQ(cursor.key(), "b");
  cursor.Seek("c");
  ASSERT_TRUE(cursor.Valid());
  EXPECT_EQ(cursor.key(), "d");
  cursor.Seek("a");
  ASSERT_TRUE(cursor.Valid());
  EXPECT_EQ(cursor.key(), "a");
  cursor.Seek("zz");
  EXPECT_FALSE(cursor.Valid());
}

}  // namespace
}  // namespace tandem
