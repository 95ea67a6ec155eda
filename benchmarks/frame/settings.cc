#include "tandem/benchmarks/frame/settings.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string_view>

namespace tandem::benchmarks {

namespace {

std::uint64_t ParseNumber(std::string_view name, std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() && number > 0) return number;
  std::fprintf(stderr, "--%.*s takes a positive number, not '%.*s'\n",
               static_cast<int>(name.size()), name.data(), static_cast<int>(text.size()),
               text.data());
  std::exit(1);  // NOLINT(concurrency-mt-unsafe): no thread runs yet
}

}  // namespace

int Settings::BlockSize(int units) const {
  return std::max(1, static_cast<int>(static_cast<std::uint64_t>(units) * block_percent / 100));
}

Settings TakeSettings(int* argc, char** argv) {
  Settings settings;
  const std::map<std::string_view, std::uint64_t*> numbers = {
      {"rounds", &settings.rounds},
      {"repetitions", &settings.repetitions},
      {"block_percent", &settings.block_percent},
      {"messages_max", &settings.messages_max},
      {"events_max", &settings.events_max}};
  int kept = 1;
  for (int i = 1; i < *argc; ++i) {
    const std::string_view argument = argv[i];
    const std::size_t equals = argument.find('=');
    const auto known = argument.starts_with("--") && equals != std::string_view::npos
                           ? numbers.find(argument.substr(2, equals - 2))
                           : numbers.end();
    if (known == numbers.end()) {
      argv[kept++] = argv[i];
    } else {
      *known->second = ParseNumber(known->first, argument.substr(equals + 1));
    }
  }
  *argc = kept;
  settings.rounds = std::max<std::uint64_t>(settings.rounds, 2);  // one is a warm-up
  return settings;
}

}  // namespace tandem::benchmarks
