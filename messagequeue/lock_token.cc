#include "tandem/messagequeue/lock_token.h"

#include "tandem/base/key_encoding.h"

namespace tandem {

namespace {

constexpr char kMessage = 'm';
constexpr char kGroup = 'g';

}  // namespace

LockToken EncodeToken(const TokenFields& fields) {
  KeyWriter item(fields.item.group.empty() ? kMessage : kGroup);
  fields.item.group.empty() ? item.U64(fields.item.id) : item.Raw(fields.item.group);
  KeyWriter token('T');
  token.U64(fields.store).U64(fields.incarnation).U64(fields.epoch).Escaped(fields.item.queue);
  return LockToken{token.Raw(item.Take()).Take()};
}

std::optional<TokenFields> DecodeToken(const LockToken& token) {
  KeyReader reader(token.bytes, 'T');
  const auto store = reader.U64();
  const auto incarnation = reader.U64();
  const auto epoch = reader.U64();
  auto queue = reader.Escaped();
  const auto item = reader.Raw();
  if (!store || !incarnation || !epoch || !queue || !item || item->empty()) return std::nullopt;
  TokenFields fields{*store, *incarnation, *epoch, LeaseItem{*std::move(queue), {}, 0}};
  if (item->front() == kGroup) {
    // Without a name it would be the LeaseItem of a message, with the id 0.
    fields.item.group = item->substr(1);
    return fields.item.group.empty() ? std::nullopt : std::optional(fields);
  }
  KeyReader message(*item, kMessage);
  const auto id = message.U64();
  if (!id || !message.AtEnd()) return std::nullopt;
  fields.item.id = *id;
  return fields;
}

}  // namespace tandem
