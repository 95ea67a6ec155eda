// Registers a coroutine that stands in a header of the same project.

#include <echo.h>

namespace shop {

void RegisterEcho(duroxide::Registry& registry) {
  constexpr duroxide::Orchestration<std::string(std::string)> kEchoOnce("echo-once");
  registry.Add(kEchoOnce, Echo);
}

}  // namespace shop
