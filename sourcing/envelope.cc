#include "tandem/sourcing/envelope.h"

#include <chrono>
#include <utility>

#include "tandem/base/record.h"
#include "tandem/sourcing/internal/sourcing_records.capnp.h"

namespace sourcing {

using tandem::ToBytes;
using tandem::ToData;

std::string Encode(const Envelope& envelope) {
  using internal::EnvelopeRecord;
  return tandem::EncodeRecord<EnvelopeRecord>([&envelope](EnvelopeRecord::Builder record) {
    record.setType(ToData(envelope.type));
    record.setId(ToData(envelope.id));
    if (!envelope.correlation.empty()) record.setCorrelation(ToData(envelope.correlation));
    if (!envelope.causation.empty()) record.setCausation(ToData(envelope.causation));
    record.setTime(envelope.time.time_since_epoch().count());
    if (!envelope.headers.empty()) {
      auto headers = record.initHeaders(static_cast<unsigned>(envelope.headers.size()));
      unsigned index = 0;
      for (const auto& [name, value] : envelope.headers) {
        headers[index].setName(ToData(name));
        headers[index].setValue(ToData(value));
        ++index;
      }
    }
    record.setData(ToData(envelope.data));
  });
}

Result<Envelope> DecodeEnvelope(std::string_view payload, std::string_view where) {
  using internal::EnvelopeRecord;
  Envelope envelope;
  bool readable = true;
  const Status decoded = tandem::DecodeRecord<EnvelopeRecord>(
      payload, where, [&envelope, &readable](EnvelopeRecord::Reader record) {
        envelope.type = ToBytes(record.getType());
        envelope.id = ToBytes(record.getId());
        envelope.correlation = ToBytes(record.getCorrelation());
        envelope.causation = ToBytes(record.getCausation());
        envelope.time = Timestamp(std::chrono::microseconds(record.getTime()));
        envelope.data = ToBytes(record.getData());
        const auto headers = record.getHeaders();
        readable = headers.size() <= kEnvelopeHeadersMax;
        if (!readable) return;
        for (const auto header : headers) {
          envelope.headers.emplace(ToBytes(header.getName()), ToBytes(header.getValue()));
        }
      });
  if (decoded.ok() && readable && !envelope.type.empty()) return envelope;
  return Status::InvalidArgument(std::string(where) +
                                 " is no envelope: it was not written by this library. Keep other "
                                 "events in streams of another category");
}

}  // namespace sourcing
