// What the event store costs: appends, reads, the live tail. `./dev bench eventstore` runs it; see
// docs/benchmarks.md.

#include <utility>
#include <vector>

#include "tandem/benchmarks/eventstore/event_parts.h"

namespace tandem::benchmarks {
namespace {

std::vector<FigureTable> RegisterEventStore(const Settings& settings) {
  std::vector<FigureTable> tables;
  for (const auto part : {RegisterAppends, RegisterReads, RegisterTail}) {
    for (FigureTable& table : part(settings)) tables.push_back(std::move(table));
  }
  return tables;
}

}  // namespace
}  // namespace tandem::benchmarks

int main(int argc, char** argv) {
  return tandem::benchmarks::RunProgram(argc, argv, tandem::benchmarks::RegisterEventStore);
}
