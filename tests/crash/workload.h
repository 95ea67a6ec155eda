#pragma once

// What the writers of the crash tests do, told by numbers: whoever finds a
// trace of a batch in a store can say what the whole batch was.
//
//   a producer's batch: events in a left and a right stream, the producer's
//     number in its metadata, a message in the queue "work"
//   a consumer's batch: the ack of messages, and "consumed <name>" for each of
//     them in a stream of its own

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "tandem/batch/provider.h"

namespace tandem::testing {

inline const std::string kWorkQueue = "work";

struct BatchName {
  std::uint32_t producer = 0;
  std::uint64_t number = 0;  // grows with every batch of the producer

  auto operator<=>(const BatchName&) const = default;
  std::string ToString() const { return std::to_string(producer) + "." + std::to_string(number); }
};

// Everything about a batch follows from its name.
struct BatchPlan {
  explicit BatchPlan(const BatchName& name) : name(name) {
    std::mt19937_64 random(name.number * 1009 + name.producer);
    events = 1 + random() % 4;
    stream = random() % 3;
    // A few are larger than a block of the log, so that their records are
    // written in fragments.
    filler = random() % 16 == 0 ? 20'000 + random() % 60'000 : random() % 600;
    if (random() % 3 == 0) group = "group-" + std::to_string(random() % 4);
    if (random() % 3 == 0) key = "key-" + name.ToString();
    durability = random() % 2 == 0 ? Durability::kSync : Durability::kBuffered;
  }

  StreamId Left() const { return {"left-" + std::to_string(stream), 0}; }
  StreamId Right() const { return {"right-" + std::to_string(stream), 0}; }
  static StreamId OfProducer(std::uint32_t producer) {
    return {"producer-" + std::to_string(producer), 0};
  }

  std::vector<std::string> Events() const {
    std::vector<std::string> payloads;
    for (std::size_t i = 1; i <= events; ++i) {
      payloads.push_back("event " + name.ToString() + " " + std::to_string(i) + " " +
                         std::string(filler, static_cast<char>('a' + i)));
    }
    return payloads;
  }

  Batch Operations() const {
    EnqueueOptions options;
    options.group = group;
    options.key = key;
    return {
        AppendEvents{Left(), Events()},
        UpdateMetadata{OfProducer(name.producer), {{"number", std::to_string(name.number)}}, {}},
        Enqueue{kWorkQueue, name.ToString(), options}, AppendEvents{Right(), Events()}};
  }

  BatchName name;
  std::size_t events = 0;  // in each of the two streams
  std::uint64_t stream = 0;
  std::size_t filler = 0;
  std::string group;
  std::string key;
  Durability durability = Durability::kSync;
};

// Acks `deliveries` (all of what their tokens cover) and says so in the
// consumer's stream.
inline Batch ConsumerBatch(std::uint32_t consumer, const std::vector<Delivery>& deliveries) {
  Batch operations;
  AppendEvents consumed{{"consumer-" + std::to_string(consumer), 0}, {}};
  const LockToken* last = nullptr;
  for (const Delivery& delivery : deliveries) {
    if (last == nullptr || *last != delivery.lock_token) {
      operations.Add(DeleteMessages{delivery.lock_token});
    }
    last = &delivery.lock_token;
    consumed.events.push_back("consumed " + delivery.payload);
  }
  operations.Add(std::move(consumed));
  return operations;
}

}  // namespace tandem::testing
