#pragma once

// Changes are what a decision wants: events of its aggregate, and whatever shall commit with them.

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tandem/base/result.h"
#include "tandem/batch/batch.h"
#include "tandem/sourcing/event.h"

namespace sourcing {

// A value; not thread-safe.
class Changes {
 public:
  // An event that has happened. It must be of the aggregate's Events; else the change is
  // InvalidArgument, as it is for an event that can't be encoded.
  template <EventType E>
  void Append(const E& event) {
    Result<std::string> data = internal::EncodeData(event);
    if (data.ok()) {
      Envelope envelope;
      envelope.type = EventData<E>::kType;
      envelope.data = *std::move(data);
      events_.push_back(std::move(envelope));
    } else if (failure_.ok()) {
      failure_ = data.status();
    }
  }

  // A message: the outbox. It is there exactly if the events are.
  void Enqueue(std::string queue, std::string payload, tandem::EnqueueOptions options = {}) {
    also_.Enqueue(std::move(queue), std::move(payload), std::move(options));
  }
  // Anything else that commits with the events, Client::StartOperations for one.
  void Add(tandem::Batch operations) { also_.Add(std::move(operations)); }

  // Of all events of this change. The causation is the command's id.
  void Correlate(std::string correlation) { correlation_ = std::move(correlation); }
  void Header(const std::string& name, std::string value) { headers_[name] = std::move(value); }

  // --- For a Repository ---
  const Status& failure() const { return failure_; }
  const tandem::Batch& also() const { return also_; }
  const std::vector<Envelope>& events() const { return events_; }
  const std::string& correlation() const { return correlation_; }
  const std::map<std::string, std::string>& headers() const { return headers_; }

 private:
  std::vector<Envelope> events_;  // type and data alone
  tandem::Batch also_;
  std::string correlation_;
  std::map<std::string, std::string> headers_;
  Status failure_;
};

}  // namespace sourcing
