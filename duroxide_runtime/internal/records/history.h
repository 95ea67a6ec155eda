#pragma once

// What the engine asks of history events, and how they are stored.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tandem/duroxide_runtime/history.h"
#include "tandem/duroxide_runtime/status.h"

namespace duroxide::internal {

bool IsInput(const HistoryBody& body);
bool IsEnd(const HistoryBody& body);

// True when the code, asked again, asked for the same: equal, but timers by kind only (their time
// is the recorded one), and a failure by kind only (its text may name an address).
bool SameOutput(const HistoryBody& recorded, const HistoryBody& asked);

// Bytes of names, values and texts: what an event weighs, but for its envelope.
std::size_t ContentBytes(const HistoryBody& body);
std::size_t ContentBytes(const std::vector<EventRaised>& events);

std::string EncodeHistoryEvent(const HistoryEvent& event);

// `where` names the event in an error. Errors: Corruption; Unsupported (a kind of event that this
// version does not know).
Result<HistoryEvent> DecodeHistoryEvent(std::string_view bytes, std::string_view where);

}  // namespace duroxide::internal
