#include "tandem/tests/duroxide_runtime/hostile_records.h"

#include "tandem/base/record.h"
#include "tandem/duroxide_runtime/internal/records/history.capnp.h"
#include "tandem/duroxide_runtime/internal/records/work_item.capnp.h"

namespace duroxide::testing {

std::string HistoryEventWithCauses(unsigned causes) {
  using Record = internal::HistoryEventRecord;
  return tandem::EncodeRecord<Record>([causes](Record::Builder record) {
    record.initActivityFailed().initFailure().initCauses(causes);
  });
}

std::string WorkItemWithCauses(unsigned causes) {
  using Record = internal::WorkItemRecord;
  return tandem::EncodeRecord<Record>([causes](Record::Builder record) {
    record.initActivityFailed().initFailure().initCauses(causes);
  });
}

}  // namespace duroxide::testing
