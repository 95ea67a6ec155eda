#pragma once

// The arguments of a program that fuzzes for a time: --minutes N (1 if not given), --seed S (else a
// random one).

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <random>
#include <ratio>
#include <string>

namespace tandem::testing {

class FuzzRun {
 public:
  // Ends the process with a message when the arguments can't be read.
  FuzzRun(const std::string& what, int argc, char** argv) {
    CLI::App app(what);
    double minutes = 1;
    app.add_option("--minutes", minutes, "How long")->capture_default_str();
    app.add_option("--seed", seed_, "Of the first run [random]");
    try {
      app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      std::exit(app.exit(error));  // NOLINT(concurrency-mt-unsafe): no thread runs yet
    }
    until_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                std::chrono::duration<double, std::ratio<60>>(minutes));
    std::cout << "seed " << seed_ << ", for " << minutes << " minutes" << std::endl;
  }

  std::uint64_t seed() const { return seed_; }
  bool over() const { return Clock::now() >= until_; }

 private:
  using Clock = std::chrono::steady_clock;
  std::uint64_t seed_ = std::random_device()();
  Clock::time_point until_;
};

}  // namespace tandem::testing
