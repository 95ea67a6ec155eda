#include "tandem/batch/internal/log/torn_record.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <optional>

#include "tandem/batch/internal/log/crc32c.h"
#include "tandem/batch/internal/log/log_format.h"

namespace tandem::internal {

namespace {

constexpr std::size_t kSectorBytes = 512;  // the least that a device writes whole

// Whether the sector of `byte` may never have been written: it is zero from `at` on, where nothing
// was before.
bool IsMissingSector(std::string_view log, std::size_t at, std::size_t byte) {
  const std::size_t sector = byte - byte % kSectorBytes;
  const std::size_t begin = std::max(at, sector);
  const std::string_view bytes = log.substr(begin, sector + kSectorBytes - begin);
  return bytes.find_first_not_of('\0') == std::string_view::npos;
}

enum class Missing { kNo, kPerhaps, kSurely };

// Whether sectors of these bytes are missing. A stretch of zeros that ends at the edges of sectors
// on both sides tells surely; one that goes beyond them may have been written.
Missing MissingSectors(std::string_view log, std::size_t at, std::size_t end) {
  const auto next = [](std::size_t byte) { return byte - byte % kSectorBytes + kSectorBytes; };
  Missing missing = Missing::kNo;
  for (std::size_t begin = at; begin < end;) {
    std::size_t stop = begin;
    while (stop < end && IsMissingSector(log, at, stop)) stop = next(stop);
    if (stop == begin) {
      begin = next(begin);
      continue;
    }
    missing = Missing::kPerhaps;
    const bool begins_there = begin == at || log[begin - 1] != '\0';
    bool ends_there = true;
    if (stop < end) {
      ends_there = log[stop] != '\0';
    } else if (stop == BlockEnd(at) && stop < log.size()) {
      ends_there = IsMissingSector(log, at, stop);
    }
    if (begins_there && ends_there) return Missing::kSurely;
    begin = stop;
  }
  return missing;
}

// Whether the checksum is right with one of these other lengths: then it is the length that is
// damaged. A torn record passes with a chance of 1 / 2^32 for each of them.
enum class Lengths { kAny, kOneBitOff };
bool IsWholeWithAnotherLength(std::string_view log, std::size_t at, Lengths lengths) {
  const FragmentHeader header = ReadHeader(log, at);
  const std::uint32_t stored = UnmaskCrc(header.crc);
  const std::size_t payload = at + kLogHeaderBytes;
  const std::size_t end = std::min(BlockEnd(at), log.size());
  std::uint32_t crc = ExtendCrc(kCrcBegin, log.substr(at + kLogTypeByte, 1));
  for (std::size_t length = 0;; ++length) {
    const bool counts = lengths == Lengths::kAny || std::has_single_bit(length ^ header.length);
    if (counts && crc == stored) return true;
    if (payload + length >= end) return false;
    crc = ExtendCrc(crc, log.substr(payload + length, 1));
  }
}

// Whether one flipped bit makes the checksum right. Not one of a sector that may be missing: there
// the one bit that was set is no more than a sector that was not written.
bool IsWholeButForOneBit(std::string_view log, std::size_t at) {
  const FragmentHeader header = ReadHeader(log, at);
  const std::string_view covered = log.substr(at + kLogTypeByte, 1 + header.length);
  const std::uint32_t crc = ExtendCrc(kCrcBegin, covered);
  std::optional<std::size_t> byte;
  if (const std::uint32_t in_crc = MaskCrc(crc) ^ header.crc; std::has_single_bit(in_crc)) {
    byte = at + static_cast<std::size_t>(std::countr_zero(in_crc)) / 8;
  } else if (const auto bit = FlippedBit(crc ^ UnmaskCrc(header.crc), covered.size())) {
    byte = at + kLogTypeByte + *bit / 8;
  }
  return byte.has_value() && !IsMissingSector(log, at, *byte);
}

}  // namespace

bool IsCutShort(std::string_view log, std::size_t at) {
  return log.size() - at < kLogHeaderBytes ||
         log.size() - at - kLogHeaderBytes < ReadHeader(log, at).length;
}

const char* DamageAt(std::string_view log, std::size_t at) {
  if (IsWholeFragment(log, at)) return "a piece of a record out of order";
  if (log.size() - at < kLogHeaderBytes) return nullptr;
  const FragmentHeader header = ReadHeader(log, at);
  const std::size_t end = at + kLogHeaderBytes + header.length;
  // Missing bytes read as 0, so it makes neither of these.
  if (header.type > FragmentType::kLast) return "a record of an unknown type";
  if (end > BlockEnd(at)) return "a record longer than its block";

  if (header.type == FragmentType::kNone) {
    const bool missing = IsMissingSector(log, at, at + kLogTypeByte);
    return missing ? nullptr : "a record without a type";
  }

  const Missing missing = MissingSectors(log, at, std::min(end, log.size()));
  // A record with too great a length reaches over sectors that were never its own.
  const Lengths lengths = missing == Missing::kSurely ? Lengths::kOneBitOff : Lengths::kAny;
  if (IsWholeWithAnotherLength(log, at, lengths)) return "a whole record with a wrong length";
  if (missing == Missing::kSurely) return nullptr;
  if (IsCutShort(log, at)) return nullptr;
  if (IsWholeButForOneBit(log, at)) return "a record with a flipped bit";
  return missing == Missing::kPerhaps ? nullptr : "a record with a wrong checksum";
}

}  // namespace tandem::internal
