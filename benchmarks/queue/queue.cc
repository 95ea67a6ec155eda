// What the message queue costs: round trips, deep queues, opening. `./dev bench queue` runs it; see
// docs/benchmarks.md.

#include <string>
#include <string_view>
#include <vector>

#include "tandem/benchmarks/queue/queue_parts.h"

namespace tandem::benchmarks {
namespace {

std::vector<FigureTable> RegisterQueue(const Settings& settings) {
  std::vector<FigureTable> tables;
  for (const auto part : {RegisterTrips, RegisterDepth, RegisterOpening}) {
    for (FigureTable& table : part(settings)) tables.push_back(std::move(table));
  }
  return tables;
}

}  // namespace
}  // namespace tandem::benchmarks

int main(int argc, char** argv) {
  if (argc == 5 && std::string_view(argv[1]) == "probe") {
    return tandem::benchmarks::RunProbe(argv[2], argv[3], std::stoi(argv[4]));
  }
  return tandem::benchmarks::RunProgram(argc, argv, tandem::benchmarks::RegisterQueue);
}
