#include "tandem/tests/provider_random/outcome.h"

#include <sstream>
#include <variant>

#include "tandem/tests/provider_random/script.h"

namespace tandem::testing {

namespace {

std::string DescribeOrigin(const DeadLetter& letter) {
  return " from=" + EncodeWord(letter.queue) + "*" + std::to_string(letter.deliveries);
}

std::string DescribeEvent(const Event& event) {
  return std::to_string(event.version) + "@" + std::to_string(event.position) + " " +
         testing::Describe(event.appended_at) + " " + EncodeWord(event.payload);
}

std::string DescribeStream(const StreamId& stream) {
  return EncodeWord(stream.entity) + "/" + std::to_string(stream.partition);
}

struct OperationText {
  std::string operator()(std::monostate) const { return "done"; }
  std::string operator()(const AppendResult& result) const {
    return "versions " + std::to_string(result.first) + ".." + std::to_string(result.version) +
           " @" + std::to_string(result.position);
  }
  std::string operator()(const DeleteEventsResult& result) const {
    return std::to_string(result.events) + (result.more ? " events and more" : " events");
  }
  std::string operator()(const EnqueueResult& result) const {
    return (result.outcome == EnqueueOutcome::kQueued ? "queued " : "duplicate of ") +
           std::to_string(result.id);
  }
  std::string operator()(const CancelResult& result) const {
    return result.cancelled ? "cancelled" : "nothing cancelled";
  }
  std::string operator()(const DeleteGroupResult& result) const {
    return std::to_string(result.messages) + " messages";
  }
};

}  // namespace

std::string Describe(const Status& status) {
  std::string text(StatusCodeName(status.code()));
  if (const ConflictDetail* conflict = status.conflict()) {
    text += " expected '" + EncodeWord(conflict->expected) + "' actual " +
            std::to_string(conflict->actual) + " of '" + EncodeWord(conflict->entity) + "' " +
            std::to_string(conflict->partition);
    if (conflict->key.has_value()) text += " key '" + EncodeWord(*conflict->key) + "'";
    if (conflict->found.has_value()) text += " found '" + EncodeWord(*conflict->found) + "'";
  }
  if (const LeaseLostDetail* lost = status.lease_lost()) {
    text += lost->reason == LeaseLoss::kTaken ? " taken" : " gone";
  }
  for (const OperationFailure& failure : status.failures()) {
    text += " | " + std::to_string(failure.operation) + ": " + Describe(failure.status);
  }
  return text;
}

std::string Describe(const BatchResult& result) {
  std::string text = result.repeated ? "Ok repeated" : "Ok";
  for (const OperationResult& operation : result.operations) {
    text += " | " + std::visit(OperationText(), operation);
  }
  return text;
}

std::string Describe(const EventPage& page) {
  std::string text = "head " + std::to_string(page.head) + " first " + std::to_string(page.first) +
                     " next " + std::to_string(page.next);
  for (const Event& event : page.events) text += "\n    " + DescribeEvent(event);
  return text;
}

std::string Describe(const FeedPage& page) {
  std::string text = "next " + std::to_string(page.next);
  for (const auto& [stream, event] : page.events) {
    text += "\n    " + DescribeStream(stream) + " " + DescribeEvent(event);
  }
  return text;
}

std::string Describe(const MetadataPage& page) {
  std::string text = page.more ? "more" : "all";
  for (const auto& [key, value] : page.entries) {
    text += " " + EncodeWord(key) + ":" + EncodeWord(value);
  }
  return text;
}

std::string Describe(const std::optional<PartitionHead>& latest) {
  if (!latest.has_value()) return "none";
  return std::to_string(latest->partition) + " head " + std::to_string(latest->head);
}

std::string Describe(const Delivery& delivery) {
  return EncodeWord(delivery.queue) + " " + std::to_string(delivery.id) + " " +
         EncodeWord(delivery.payload) + " key=" + EncodeWord(delivery.key) +
         " group=" + EncodeWord(delivery.group) +
         " count=" + std::to_string(delivery.delivery_count) + " " +
         testing::Describe(delivery.enqueued_at) +
         (delivery.dead_letter.has_value() ? DescribeOrigin(*delivery.dead_letter) : "");
}

std::string Describe(Timestamp time) {
  return std::to_string(time.time_since_epoch().count()) + "us";
}

std::string Describe(std::uint64_t number) { return std::to_string(number); }

std::string Describe(const NamePage& page) {
  std::string text = page.more ? "more" : "all";
  for (const std::string& name : page.names) text += " " + EncodeWord(name);
  return text;
}

std::string Describe(const PartitionPage& page) {
  std::string text = page.more ? "more" : "all";
  for (const PartitionInfo& info : page.partitions) {
    text += " " + std::to_string(info.partition) + ":" + std::to_string(info.first) + ".." +
            std::to_string(info.head);
  }
  return text;
}

std::string Describe(const QueueStatistics& statistics) {
  std::ostringstream text;
  text << "ready " << statistics.ready << " delayed " << statistics.delayed << " leased "
       << statistics.leased << " dead " << statistics.dead << " oldest ";
  if (statistics.oldest_age.has_value()) {
    text << statistics.oldest_age->count() << "us";
  } else {
    text << "none";
  }
  return text.str();
}

std::string Describe(const BrowsePage& page) {
  std::string text = page.next.empty() ? "all" : "more";
  for (const BrowsedMessage& message : page.messages) {
    static constexpr const char* kStates[] = {"ready", "delayed", "leased"};
    text += "\n    " + std::to_string(message.id) + " " + EncodeWord(message.payload) +
            " key=" + EncodeWord(message.key) + " group=" + EncodeWord(message.group) + " " +
            kStates[static_cast<int>(message.state)] +
            " count=" + std::to_string(message.delivery_count) + " " +
            testing::Describe(message.enqueued_at) + " visible " +
            testing::Describe(message.visible_at) +
            (message.dead_letter.has_value() ? DescribeOrigin(*message.dead_letter) : "");
  }
  return text;
}

std::string Describe(const RedriveResult& result) {
  return std::to_string(result.moved) + " moved " + std::to_string(result.kept) + " kept";
}

std::string Describe(const VerifyReport& report) {
  return std::to_string(report.entities) + " entities " + std::to_string(report.streams) +
         " streams " + std::to_string(report.events) + " events " + std::to_string(report.queues) +
         " queues " + std::to_string(report.messages) + " messages";
}

}  // namespace tandem::testing
