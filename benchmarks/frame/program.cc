#include "tandem/benchmarks/frame/program.h"

#include <utility>

namespace tandem::benchmarks {

void RegisterFigure(const Settings& settings, const std::string& name,
                    std::function<void(benchmark::State&)> run) {
  const auto once = [run = std::move(run)](benchmark::State& state) {
    for ([[maybe_unused]] auto _ : state) run(state);
  };
  benchmark::RegisterBenchmark(name.c_str(), once)
      ->Iterations(1)
      ->Repetitions(static_cast<int>(settings.repetitions))
      ->UseRealTime();
}

int RunProgram(int argc, char** argv, RegisterAll register_all) {
  benchmark::Initialize(&argc, argv);
  const Settings settings = TakeSettings(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  FigureTables tables(register_all(settings));
  benchmark::RunSpecifiedBenchmarks(&tables);
  benchmark::ClearRegisteredBenchmarks();  // closes the stores that they keep
  return tables.failed() ? 1 : 0;
}

}  // namespace tandem::benchmarks
