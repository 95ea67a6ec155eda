// What durable workflows cost: the workloads W1 to W5, the stress shape, and many open instances.
// `./dev bench orchestration` runs it; see docs/benchmarks.md.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tandem/benchmarks/orchestration/orchestration_parts.h"

namespace tandem::benchmarks {
namespace {

std::vector<FigureTable> RegisterOrchestration(const Settings& settings) {
  std::vector<FigureTable> tables;
  for (const auto part :
       {RegisterThroughput, RegisterLong, RegisterTimers, RegisterStress, RegisterOpen}) {
    for (FigureTable& table : part(settings)) tables.push_back(std::move(table));
  }
  return tables;
}

}  // namespace
}  // namespace tandem::benchmarks

int main(int argc, char** argv) {
  if (argc == 4 && std::string_view(argv[1]) == "open-probe") {
    return tandem::benchmarks::RunOpenProbe(std::stoi(argv[2]), std::stoi(argv[3]));
  }
  return tandem::benchmarks::RunProgram(argc, argv, tandem::benchmarks::RegisterOrchestration);
}
