#pragma once

// An Envelope is what a stored event is besides its data: which type it is of, which one it is, and
// why it happened. It is the payload of one event of a stream.

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "tandem/base/result.h"
#include "tandem/base/timestamp.h"
#include "tandem/eventstore/event_store.h"

namespace sourcing {

using tandem::Position;
using tandem::Result;
using tandem::Status;
using tandem::StatusCode;
using tandem::Timestamp;
using tandem::Version;

struct Envelope {
  std::string type = {};         // the stored name, "paid"; never empty
  std::string id = {};           // names this event in the store; a Repository gives one
  std::string correlation = {};  // what it is part of: the same for all that one request led to
  std::string causation = {};    // the command, or the event, that it follows from
  Timestamp time = {};           // when it happened, as its writer says
  std::map<std::string, std::string> headers = {};  // whatever else belongs beside the data
  std::string data = {};  // JSON, or a Cap'n Proto message: its type decides (event.h)

  bool operator==(const Envelope&) const = default;
};

// What the headers of one envelope may be, at most.
constexpr std::size_t kEnvelopeHeadersMax = 1000;

// The bytes of a Cap'n Proto record (internal/sourcing_records.capnp): equal envelopes are equal
// bytes.
std::string Encode(const Envelope& envelope);

// InvalidArgument, which names `where`, for bytes that are no envelope.
Result<Envelope> DecodeEnvelope(std::string_view payload, std::string_view where);

}  // namespace sourcing
