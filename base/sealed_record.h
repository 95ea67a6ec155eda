#pragma once

// A record as it stands in the database with a check in front:
//
//   sealed := check:u64be record     check: XXH3, 64 bits, of the record, seeded with that of its
//   key
//
// For records by which others are judged. Those of a queue lead to each other: a key to its
// message, a message to its key, a group to its members. The store's own record says which message
// ids and tokens were given out, a batch id's whether the batch was applied. One that was changed,
// or stands under another's key, could take more along than what it belongs to. With the check it
// is no record at all, which is found before anything is done with it.

#include <optional>
#include <string>
#include <string_view>

#include "tandem/base/record.h"
#include "tandem/base/status.h"

namespace tandem::internal {

std::string Seal(std::string_view key, std::string_view record);

// The record; nullopt if it is not the one that was sealed for this key. A view of `sealed`.
std::optional<std::string_view> Unseal(std::string_view key, std::string_view sealed);

// EncodeRecord and DecodeRecord (base/record.h) of sealed records. `where` makes the record's name.
template <typename Record, typename Fill>
std::string EncodeSealed(std::string_view key, Fill fill) {
  return Seal(key, EncodeRecord<Record>(fill));
}

template <typename Record, typename Where, typename Read>
Status DecodeSealed(std::string_view key, std::string_view value, const Where& where, Read read) {
  const std::optional<std::string_view> record = Unseal(key, value);
  if (record.has_value()) return DecodeRecord<Record>(*record, where, read);
  return Status::Corruption(where(), "it is not what was written there");
}

}  // namespace tandem::internal
