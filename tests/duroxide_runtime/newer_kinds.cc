#include "tandem/tests/duroxide_runtime/newer_kinds.h"

#include <capnp/any.h>
#include <capnp/schema.h>

#include <cstdint>
#include <cstring>

#include "tandem/base/record.h"
#include "tandem/duroxide_runtime/internal/records/history.capnp.h"
#include "tandem/duroxide_runtime/internal/records/work_item.capnp.h"

namespace duroxide::testing {

namespace {

template <typename Record>
std::string OfANewerKind() {
  return tandem::EncodeRecord<Record>([](typename Record::Builder record) {
    const auto layout = capnp::Schema::from<Record>().getProto().getStruct();
    const std::uint16_t next = layout.getDiscriminantCount();
    const std::size_t place = layout.getDiscriminantOffset() * sizeof(next);
    std::memcpy(capnp::toAny(record).getDataSection().begin() + place, &next, sizeof(next));
  });
}

}  // namespace

std::string NewerHistoryEvent() { return OfANewerKind<internal::HistoryEventRecord>(); }
std::string NewerWorkItem() { return OfANewerKind<internal::WorkItemRecord>(); }

}  // namespace duroxide::testing
