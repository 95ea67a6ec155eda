#include "tandem/benchmarks/orchestration/raw_workflows.h"

#include <rocksdb/write_batch.h>

#include <string>

#include "tandem/base/key_encoding.h"

namespace tandem::benchmarks {

namespace {

// As large as what the runtime writes for these workflows.
const std::string kStarted(168, 'b');
const std::string kScheduled(88, 's');
const std::string kEnd(72, 'e');  // of a step, and of the workflow
const std::string kStatus(144, 't');
const std::string kMessage(160, 'm');
constexpr int kLists = 3;  // that an instance is in: by state, by orchestration, by id

// What the commits of one workflow write.
class Writes {
 public:
  Writes(RawStore& store, std::uint64_t workflow) : store_(store), workflow_(workflow) {}

  void Begin() {
    Event(kStarted);
    for (int list = 0; list < kLists; ++list) batch_.Put(store_.events(), KeyOf('I', list), "");
  }
  void Schedule(int step) {
    Event(kScheduled);
    batch_.Put(store_.messages(), KeyOf('R', step), kMessage);
  }
  void Lease(int step) {
    rocksdb::WriteBatch lease;
    lease.Put(store_.messages(), KeyOf('D', step), "1");
    store_.Write(lease, Durability::kBuffered);
  }
  void Complete(int step) {
    Event(kEnd);
    batch_.Delete(store_.messages(), KeyOf('R', step));
    batch_.Delete(store_.messages(), KeyOf('D', step));
  }
  void End() {
    Event(kEnd);
    batch_.Delete(store_.events(), KeyOf('I', 0));        // it changes from one list of states...
    batch_.Put(store_.events(), KeyOf('I', kLists), "");  // ...to another
  }
  void Commit() {
    batch_.Put(store_.events(), KeyOf('S', 0), kStatus);
    store_.Write(batch_, Durability::kSync);
    batch_.Clear();
  }

 private:
  void Event(const std::string& record) {
    batch_.Put(store_.events(), KeyOf('V', ++events_), record);
  }
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
