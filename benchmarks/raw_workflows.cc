#include "benchmarks/raw_workflows.h"

#include <rocksdb/write_batch.h>

#include <string>

#include "base/key_encoding.h"

namespace tandem::benchmarks {

namespace {

// As large as what the runtime writes for these workflows.
const std::string kEvent(64, 'e');
const std::string kStatus(112, 's');
const std::string kMessage(168, 'm');
const std::string kIndexEntry(24, 'i');

// What the commits of one workflow write.
class Writes {
 public:
  Writes(RawStore& store, std::uint64_t workflow) : store_(store), workflow_(workflow) {}

  void Begin() {
    Event();
    batch_.Put(store_.events(), KeyOf('I', 0), kIndexEntry);
  }
  void Schedule(int step) {
    Event();
    batch_.Put(store_.messages(), KeyOf('R', step), kMessage);
  }
  void Lease(int step) {
    rocksdb::WriteBatch lease;
    lease.Put(store_.messages(), KeyOf('D', step), "1");
    store_.Write(lease, Durability::kBuffered);
  }
  void Complete(int step) {
    Event();
    batch_.Delete(store_.messages(), KeyOf('R', step));
    batch_.Delete(store_.messages(), KeyOf('D', step));
  }
  void End() {
    Event();
    batch_.Delete(store_.events(), KeyOf('I', 0));
    batch_.Put(store_.events(), KeyOf('I', 1), kIndexEntry);
  }
  void Commit() {
    batch_.Put(store_.events(), KeyOf('S', 0), kStatus);
    store_.Write(batch_, Durability::kSync);
    batch_.Clear();
  }

 private:
  void Event() { batch_.Put(store_.events(), KeyOf('V', ++events_), kEvent); }
  std::string KeyOf(char table, std::uint64_t number) const {
    return KeyWriter(table).Escaped("workflow").U64(workflow_).U64(number).Take();
  }

  RawStore& store_;
  const std::uint64_t workflow_;
  std::uint64_t events_ = 0;
  rocksdb::WriteBatch batch_;
};

}  // namespace

void RawWorkflows::RunSteps(std::uint64_t workflow, int steps, int at_a_time) {
  Writes writes(store_, workflow);
  writes.Begin();
  for (int step = 0; step < at_a_time; ++step) writes.Schedule(step);
  writes.Commit();
  for (int step = 0; step < steps; ++step) {
    writes.Lease(step);
    writes.Complete(step);
    if (step + at_a_time < steps) writes.Schedule(step + at_a_time);
    if (step + 1 == steps) writes.End();
    writes.Commit();
  }
}

}  // namespace tandem::benchmarks
