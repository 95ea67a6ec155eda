#include "tandem/tests/provider_random/player.h"

#include <functional>

#include "tandem/base/check.h"
#include "tandem/messagequeue/lock_token.h"
#include "tandem/tests/provider_random/outcome.h"

namespace tandem::testing {

namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kPage = 1000;
constexpr std::uint64_t kPageBytes = std::uint64_t{4} << 20;

milliseconds Milliseconds(std::uint64_t count) {
  return milliseconds(static_cast<std::int64_t>(count));
}

StreamId StreamOf(const std::string& name) {
  const std::size_t slash = name.rfind('/');
  return {name.substr(0, slash), std::stoull(name.substr(slash + 1))};
}

Expected ExpectedOf(const Step& step) {
  const std::string expected = step.Option("expect");
  if (expected.empty() || expected == "any") return Expected::Any();
  if (expected == "none") return Expected::NoStream();
  if (expected == "exists") return Expected::Exists();
  return Expected::Exactly(std::stoull(expected));
}

AppendEvents AppendOf(const Step& step) {
  AppendEvents append;
  append.stream = StreamOf(step.Word(0));
  append.expected = ExpectedOf(step);
  for (std::size_t i = 1; i < step.words.size(); ++i) append.events.push_back(step.Word(i));
  return append;
}

UpdateMetadata UpdateOf(const Step& step) {
  UpdateMetadata update;
  update.stream = StreamOf(step.Word(0));
  for (std::size_t i = 1; i < step.words.size(); ++i) {
    const std::string& word = step.words[i];
    if (word.starts_with('-')) {
      update.erase.push_back(DecodeWord(word.substr(1)));
    } else {
      const std::size_t colon = word.find(':');
      update.set[DecodeWord(word.substr(0, colon))] = DecodeWord(word.substr(colon + 1));
    }
  }
  return update;
}

CheckMetadata CheckMetadataOf(const Step& step) {
  CheckMetadata check{StreamOf(step.Word(0)), step.Word(1), std::nullopt};
  if (step.Has("is")) check.expected = step.Option("is");
  return check;
}

Enqueue EnqueueOf(const Step& step, Timestamp start) {
  Enqueue enqueue{step.Word(0), step.Word(1), {}};
  enqueue.options.key = step.Option("key");
  enqueue.options.group = step.Option("group");
  enqueue.options.delay = Milliseconds(step.Number("delay", 0));
  if (step.Has("at")) enqueue.options.visible_at = start + Milliseconds(step.Number("at", 0));
  return enqueue;
}

ReadOptions ReadOf(const Step& step) {
  ReadOptions options;
  if (step.Has("from")) options.from = step.Number("from", 0);
  if (step.HasWord("backward")) options.direction = Direction::kBackward;
  options.max_events = step.Number("max", kPage);
  options.max_bytes = step.Number("bytes", kPageBytes);
  return options;
}

std::string Read(const Step& step, Provider& provider) {
  return Describe(provider.Read(StreamOf(step.Word(0)), ReadOf(step)));
}

std::string Latest(const Step& step, Provider& provider) {
  return Describe(provider.LatestPartition(step.Word(0)));
}

std::string ReadMetadata(const Step& step, Provider& provider) {
  const MetadataOptions options{step.Option("prefix"), step.Option("after"),
                                step.Number("limit", kPage)};
  return Describe(provider.ReadMetadata(StreamOf(step.Word(0)), options));
}

std::string Feed(const Step& step, Provider& provider) {
  FeedOptions options;
  options.limit = step.Number("limit", kPage);
  options.max_bytes = step.Number("bytes", kPageBytes);
  return Describe(provider.ReadAll(std::stoull(step.Word(0)), options));
}

std::string Flush(const Step& /*step*/, Provider& provider) { return Describe(provider.Flush()); }

ListOptions ListOf(const Step& step) {
  return {step.Option("prefix"), step.Option("after"), step.Number("limit", kPage)};
}

std::string ListEntities(const Step& step, Provider& provider) {
  return Describe(provider.admin()->ListEntities(ListOf(step)));
}

std::string ListQueues(const Step& step, Provider& provider) {
  return Describe(provider.admin()->ListQueues(ListOf(step)));
}

std::string ListPartitions(const Step& step, Provider& provider) {
  PartitionOptions options;
  if (step.Has("after")) options.after = step.Number("after", 0);
  options.limit = step.Number("limit", kPage);
  return Describe(provider.admin()->ListPartitions(step.Word(0), options));
}

std::string Truncate(const Step& step, Provider& provider) {
  return Describe(provider.admin()->Truncate(StreamOf(step.Word(0)), std::stoull(step.Word(1))));
}

std::string Statistics(const Step& step, Provider& provider) {
  return Describe(provider.admin()->Statistics(step.Word(0)));
}

// All pages.
std::string Browse(const Step& step, Provider& provider) {
  BrowseOptions options;
  options.limit = step.Number("limit", kPage);
  options.max_bytes = step.Number("bytes", kPageBytes);
  std::string text;
  while (true) {
    const Result<BrowsePage> page = provider.admin()->Browse(step.Word(0), options);
    text += Describe(page) + "\n  ";
    if (!page.ok() || page->next.empty()) return text;
    options.after = page->next;
  }
}

std::string Purge(const Step& step, Provider& provider) {
  return Describe(provider.admin()->Purge(step.Word(0)));
}

std::string Redrive(const Step& step, Provider& provider) {
  return Describe(provider.admin()->Redrive(step.Word(0)));
}

std::string Verify(const Step& /*step*/, Provider& provider) {
  return Describe(provider.admin()->Verify());
}

std::string DumpStep(const Step& /*step*/, Provider& provider) { return Dump(provider); }

using Verb = std::string (*)(const Step&, Provider&);

const std::map<std::string, Verb>& Verbs() {
  static const std::map<std::string, Verb> kVerbs = {
      {"read", Read},
      {"latest", Latest},
      {"read-metadata", ReadMetadata},
      {"feed", Feed},
      {"flush", Flush},
      {"list-entities", ListEntities},
      {"list-queues", ListQueues},
      {"list-partitions", ListPartitions},
      {"truncate", Truncate},
      {"statistics", Statistics},
      {"browse", Browse},
      {"purge", Purge},
      {"redrive", Redrive},
      {"verify", Verify},
      {"dump", DumpStep},
  };
  return kVerbs;
}

}  // namespace

std::string Player::Play(const Step& step, Provider& provider) {
  if (step.verb == "batch") return Batch(step, provider);
  if (step.verb == "dequeue") return Dequeue(step, provider);
  if (step.verb == "renew") return Renew(step, provider);
  const auto verb = Verbs().find(step.verb);
  TANDEM_CHECK(verb != Verbs().end(), ("no such verb: " + step.verb).c_str());
  return verb->second(step, provider);
}

std::optional<LockToken> Player::TokenOf(const std::string& name) const {
  if (name == "malformed") return LockToken{"no token"};
  if (name == "foreign") return EncodeToken({1, 1, 1, {"q", "", 1}});
  const bool altered = name.starts_with('!');
  const auto token = tokens_.find(altered ? name.substr(1) : name);
  if (token == tokens_.end()) return std::nullopt;
  LockToken found = token->second;
  if (altered) found.bytes.back() = static_cast<char>(found.bytes.back() ^ 1);
  return found;
}

std::optional<Operation> Player::OperationOf(const Step& step) const {
  const std::string& verb = step.verb;
  if (verb == "append") return AppendOf(step);
  if (verb == "metadata") return UpdateOf(step);
  if (verb == "delete-partition") return DeletePartition{StreamOf(step.Word(0))};
  if (verb == "delete-entity") return DeleteEntity{step.Word(0)};
  if (verb == "check-version") return CheckVersion{StreamOf(step.Word(0)), ExpectedOf(step)};
  if (verb == "check-metadata") return CheckMetadataOf(step);
  if (verb == "enqueue") return EnqueueOf(step, start_);
  if (verb == "cancel") return CancelMessage{step.Word(0), step.Word(1)};
  if (verb == "delete-group") return DeleteGroup{step.Word(0), step.Word(1)};
  TANDEM_CHECK(verb == "ack" || verb == "abandon", ("no such operation: " + verb).c_str());
  const std::optional<LockToken> token = TokenOf(step.Word(0));
  if (!token.has_value()) return std::nullopt;
  if (verb == "ack") return DeleteMessages{*token};
  return AbandonMessages{*token, Milliseconds(step.Number("delay", 0)), !step.HasWord("uncounted")};
}

std::string Player::Batch(const Step& step, Provider& provider) const {
  tandem::Batch operations;
  for (const Step& each : step.operations) {
    if (auto operation = OperationOf(each)) operations.Add(*std::move(operation));
  }
  BatchOptions options;
  options.durability = step.HasWord("sync") ? Durability::kSync : Durability::kBuffered;
  options.id = step.Option("id");
  return Describe(provider.AtomicBatch(std::move(operations), options));
}

std::string Player::Dequeue(const Step& step, Provider& provider) {
  std::vector<std::string> queues;
  for (const std::string& queue : Split(step.words.at(1), ',')) queues.push_back(DecodeWord(queue));
  DequeueOptions options;
  options.lease = Milliseconds(step.Number("lease", 30'000));
  options.max_messages = step.Number("max", 1);
  options.max_bytes = step.Number("bytes", kPageBytes);
  options.max_groups = step.Number("groups", 1);
  options.max_deliveries = static_cast<std::uint32_t>(step.Number("deliveries", 0));
  const auto deliveries = provider.Dequeue(queues, options);
  if (!deliveries.ok()) return Describe(deliveries.status());
  std::map<LockToken, std::string> names;
  std::string text = std::to_string(deliveries->size()) + " delivered";
  for (const Delivery& delivery : *deliveries) {
    const std::string name = step.Word(0) + "." + std::to_string(names.size());
    const auto known = names.try_emplace(delivery.lock_token, name).first;
    tokens_[known->second] = delivery.lock_token;
    text += "\n    " + known->second + " " + Describe(delivery);
  }
  return text;
}

std::string Player::Renew(const Step& step, Provider& provider) const {
  const std::optional<LockToken> token = TokenOf(step.Word(0));
  if (!token.has_value()) return "left out";
  return Describe(provider.Renew(*token, Milliseconds(std::stoull(step.Word(1)))));
}

std::string Dump(Provider& provider) {
  ProviderAdmin& admin = *provider.admin();
  std::string text;
  const auto play = [&](const std::string& line) {
    for (const Step& step : ParseScript(line)) {
      text += ToString(step) + ": " + Verbs().at(step.verb)(step, provider) + "\n  ";
    }
  };
  play("verify\nlist-entities\nlist-queues\nfeed 0");
  const auto entities = admin.ListEntities({});
  for (const std::string& name : entities.ok() ? entities->names : std::vector<std::string>()) {
    const std::string entity = EncodeWord(name);
    play("latest " + entity);
    play("list-partitions " + entity);
    const auto page = admin.ListPartitions(name, {});
    if (!page.ok()) continue;
    for (const PartitionInfo& info : page->partitions) {
      const std::string stream = entity + "/" + std::to_string(info.partition);
      play("read " + stream);
      play("read-metadata " + stream);
    }
  }
  const auto queues = admin.ListQueues({});
  for (const std::string& name : queues.ok() ? queues->names : std::vector<std::string>()) {
    play("statistics " + EncodeWord(name) + "\nbrowse " + EncodeWord(name));
  }
  return text;
}

}  // namespace tandem::testing
