#pragma once

// Plays the steps of a script (script.h) on one provider, and tells in words what came of each. Two
// providers that keep to the contract tell the same.
//
//   batch [sync] [id=ID] | OPERATION | ...       buffered unless sync; operations are:
//     append STREAM EVENT... [expect=any|none|exists|VERSION]
//     metadata STREAM [KEY:VALUE...] [-KEY...]   sets and erases
//     delete-partition STREAM       delete-entity ENTITY
//     check-version STREAM expect=...
//     check-metadata STREAM KEY [is=VALUE]       without: absent
//     enqueue QUEUE PAYLOAD [key=] [group=] [delay=] [at=]     at: since the start of the script
//     ack TOKEN        abandon TOKEN [delay=] [uncounted]
//     cancel QUEUE KEY              delete-group QUEUE GROUP
//   dequeue NAME QUEUE,... [max=] [bytes=] [groups=] [lease=] [deliveries=]   names its tokens
//   NAME.0, NAME.1 renew TOKEN MILLISECONDS read STREAM [from=] [backward] [max=] [bytes=] latest
//   ENTITY read-metadata STREAM [prefix=] [after=] [limit=]     feed AFTER [limit=] [bytes=]
//   list-entities | list-queues [prefix=] [after=] [limit=]
//   list-partitions ENTITY [after=] [limit=]             truncate STREAM VERSION
//   statistics QUEUE | browse QUEUE [limit=] [bytes=] | purge QUEUE | redrive QUEUE
//   verify | flush
//   dump           everything that can be seen
//   advance MILLISECONDS | reopen | crash PERCENT        done by who owns clock and store (duel.h)
//   set-clock MILLISECONDS           opens again by a clock that is set by so much, also back
//
// A token is NAME.NUMBER; `!NAME.NUMBER` is the same with a changed last byte, `foreign` one of
// another store, `malformed` none at all. An operation or a renewal whose token was not issued is
// left out, so that steps can be dropped from a script.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tandem/batch/provider.h"
#include "tandem/tests/provider_random/script.h"

namespace tandem::testing {

class Player {
 public:
  explicit Player(Timestamp start) : start_(start) {}

  std::string Play(const Step& step, Provider& provider);

 private:
  std::optional<Operation> OperationOf(const Step& step) const;
  std::optional<LockToken> TokenOf(const std::string& name) const;

  std::string Batch(const Step& step, Provider& provider) const;
  std::string Dequeue(const Step& step, Provider& provider);
  std::string Renew(const Step& step, Provider& provider) const;

  Timestamp start_;
  std::map<std::string, LockToken> tokens_;
};

// Everything that can be seen of a store.
std::string Dump(Provider& provider);

}  // namespace tandem::testing
