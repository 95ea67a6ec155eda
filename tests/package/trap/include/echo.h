#pragma once

#include <string>

#include <tandem/duroxide.h>

namespace shop {

inline constexpr duroxide::Activity<std::string(std::string)> kEcho("echo");

inline duroxide::Task<duroxide::Result<std::string>> Echo(duroxide::OrchestrationContext ctx,
                                                          std::string text) {
  co_return co_await ctx.Call(kEcho, text);
}

}  // namespace shop
