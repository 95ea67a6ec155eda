#include "tandem/tests/crash/ledger.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace tandem::testing {
namespace {

BatchName ParseName(const std::string& text) {
  BatchName name;
  char point = 0;
  std::istringstream(text) >> name.producer >> point >> name.number;
  return name;
}

std::vector<FeedEvent> ReadFeed(Provider& store) {
  std::vector<FeedEvent> feed;
  Position after = 0;
  while (true) {
    auto page = store.ReadAll(after, {});
    EXPECT_TRUE(page.ok()) << page.status();
    if (!page.ok() || page->events.empty()) return feed;
    after = page->next;
    std::ranges::move(page->events, std::back_inserter(feed));
  }
}

// Positions and versions are dense, and every stream reads as the feed says.
void ExpectDense(Provider& store, const std::vector<FeedEvent>& feed) {
  std::map<StreamId, std::vector<const Event*>> streams;
  for (std::size_t i = 0; i < feed.size(); ++i) {
    EXPECT_EQ(feed[i].event.position, i + 1);
    streams[feed[i].stream].push_back(&feed[i].event);
  }
  for (const auto& [stream, events] : streams) {
    ReadOptions options;
    options.max_events = events.size() + 1;
    options.max_bytes = std::size_t{1} << 30;
    std::size_t seen = 0;
    while (true) {
      options.from = seen + 1;
      const auto page = store.Read(stream, options);
      ASSERT_TRUE(page.ok()) << page.status();
      ASSERT_EQ(page->head, events.size()) << stream.entity;
      if (page->events.empty()) break;
      for (const Event& event : page->events) {
        ASSERT_LT(seen, events.size()) << stream.entity;
        EXPECT_EQ(event.version, seen + 1) << stream.entity;
        EXPECT_EQ(events[seen]->version, seen + 1) << stream.entity;
        EXPECT_EQ(event.position, events[seen]->position) << stream.entity;
        EXPECT_EQ(event.payload, events[seen]->payload) << stream.entity;
        ++seen;
      }
    }
    EXPECT_EQ(seen, events.size()) << stream.entity;
  }
}

// Finds the batches in the feed: each is all its events, one after the other.
void FindBatches(StoreImage& image) {
  for (std::size_t i = 0; i < image.feed.size();) {
    const std::string& first = image.feed[i].event.payload;
    if (first.starts_with("consumed ")) {
      ++image.consumed[first.substr(9)];
      ++i;
      continue;
    }
    ASSERT_TRUE(first.starts_with("event ")) << first.substr(0, 60);
    const BatchPlan plan(ParseName(first.substr(6)));
    const std::string name = plan.name.ToString();
    const std::vector<std::string> events = plan.Events();
    for (const StreamId& stream : {plan.Left(), plan.Right()}) {
      for (const std::string& event : events) {
        ASSERT_LT(i, image.feed.size()) << "half of batch " << name;
        EXPECT_EQ(image.feed[i].stream, stream) << name;
        EXPECT_EQ(image.feed[i].event.payload, event) << name;
        ++i;
      }
    }
    EXPECT_TRUE(image.batches.emplace(plan.name, 2 * plan.events).second)
        << "batch " << name << " applied twice";
  }
}

void DrainQueue(Provider& store, StoreImage& image) {
  std::map<std::string, MessageId> last_of_group;
  while (true) {
    DequeueOptions options;
    options.lease = std::chrono::hours(1);
    options.max_messages = 100;
    const auto deliveries = store.Dequeue(kWorkQueue, options);
    ASSERT_TRUE(deliveries.ok()) << deliveries.status();
    if (deliveries->empty()) return;
    for (const Delivery& delivery : *deliveries) {
      const BatchPlan plan(ParseName(delivery.payload));
      EXPECT_EQ(delivery.group, plan.group) << delivery.payload;
      EXPECT_EQ(delivery.key, plan.key) << delivery.payload;
      EXPECT_TRUE(image.queued.emplace(delivery.payload, delivery.delivery_count).second)
          << "message " << delivery.payload << " is there twice";
      if (plan.group.empty()) continue;
      EXPECT_GT(delivery.id, last_of_group[plan.group]) << "order of a group";
      last_of_group[plan.group] = delivery.id;
    }
  }
}

void ReadNumbers(Provider& store, StoreImage& image) {
  for (std::uint32_t producer = 0; producer < 8; ++producer) {
    const auto page = store.ReadMetadata(BatchPlan::OfProducer(producer), {});
    ASSERT_TRUE(page.ok()) << page.status();
    for (const auto& [key, value] : page->entries) {
      EXPECT_EQ(key, "number");
      image.numbers[producer] = std::stoull(value);
    }
  }
}

// Events, metadata and messages tell the same story.
void ExpectWhole(const StoreImage& image) {
  std::map<std::uint32_t, std::uint64_t> numbers;
  for (const auto& [name, events] : image.batches) {
    const std::string text = name.ToString();
    numbers[name.producer] = std::max(numbers[name.producer], name.number);
    const auto consumed = image.consumed.find(text);
    const int times = consumed == image.consumed.end() ? 0 : consumed->second;
    EXPECT_EQ(times + (image.queued.contains(text) ? 1 : 0), 1)
        << "message " << text << " consumed " << times << " times, and it is "
        << (image.queued.contains(text) ? "still" : "not") << " queued";
  }
  EXPECT_EQ(image.numbers, numbers) << "the metadata of the producers";
  for (const auto& [name, times] : image.consumed) {
    EXPECT_TRUE(image.batches.contains(ParseName(name))) << name;
  }
  for (const auto& [name, count] : image.queued) {
    EXPECT_TRUE(image.batches.contains(ParseName(name))) << name;
  }
}

}  // namespace

StoreImage ReadImage(Provider& store) {
  StoreImage image;
  image.feed = ReadFeed(store);
  ExpectDense(store, image.feed);
  FindBatches(image);
  ReadNumbers(store, image);
  DrainQueue(store, image);
  ExpectWhole(image);
  return image;
}

void ExpectPrefix(const StoreImage& image, const std::vector<FeedEvent>& whole) {
  ASSERT_LE(image.feed.size(), whole.size());
  for (std::size_t i = 0; i < image.feed.size(); ++i) {
    ASSERT_EQ(image.feed[i].stream, whole[i].stream) << i;
    ASSERT_EQ(image.feed[i].event.version, whole[i].event.version) << i;
    ASSERT_EQ(image.feed[i].event.payload, whole[i].event.payload) << i;
  }
}

void Ledger::Note(const std::string& line) {
  std::istringstream words(line);
  std::string verb;
  words >> verb;
  if (verb == "intent" || verb == "ack") {
    BatchName name;
    words >> name.producer >> name.number;
    (verb == "ack" ? acked_ : intended_).insert(name);
  } else if (verb == "received") {
    std::string name;
    std::uint32_t count = 0;
    words >> name >> count;
    std::uint32_t& highest = received_[name];
    EXPECT_GT(count, highest) << "delivery count of " << name;
    highest = std::max(highest, count);
  } else if (verb == "consume" || verb == "consumed") {
    std::string name;
    words >> name;
    (verb == "consume" ? consuming_ : consumed_).insert(name);
  } else {
    EXPECT_EQ(verb, "open") << line;
  }
}

void Ledger::ExpectAgrees(const StoreImage& image, std::uint32_t kills) {
  for (const BatchName& name : acked_) {
    EXPECT_TRUE(image.batches.contains(name)) << "lost: acknowledged batch " << name.ToString();
  }
  for (const auto& [name, events] : image.batches) {
    EXPECT_TRUE(intended_.contains(name)) << "nobody wrote batch " << name.ToString();
  }
  for (const std::string& name : consumed_) {
    EXPECT_TRUE(image.consumed.contains(name)) << "lost: acknowledged consumption of " << name;
  }
  for (const auto& [name, times] : image.consumed) {
    EXPECT_TRUE(consuming_.contains(name)) << "nobody consumed " << name;
  }
  for (const auto& [name, count] : image.queued) {
    std::uint32_t& told = received_[name];
    EXPECT_GE(count, told + 1) << "delivery count of " << name;
    EXPECT_LE(count, told + 1 + kills) << "delivery count of " << name;
    told = count;
  }
}

}  // namespace tandem::testing
