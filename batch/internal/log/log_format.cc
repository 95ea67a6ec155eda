#include "tandem/batch/internal/log/log_format.h"

#include "tandem/base/check.h"
#include "tandem/batch/internal/log/crc32c.h"

namespace tandem::internal {

namespace {

std::size_t ByteAt(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

// Where a block's rest is too short for a header, the next fragment is in the next block.
std::size_t SkipFiller(std::size_t at) {
  return BlockEnd(at) - at < kLogHeaderBytes ? BlockEnd(at) : at;
}

}  // namespace

FragmentHeader ReadHeader(std::string_view log, std::size_t at) {
  TANDEM_REQUIRE(at + kLogHeaderBytes <= log.size(), "the bytes of a header are there");
  FragmentHeader header;
  for (std::size_t i = 0; i < 4; ++i) {
    header.crc |= static_cast<std::uint32_t>(ByteAt(log, at + i)) << (8 * i);
  }
  header.length = ByteAt(log, at + 4) + 256 * ByteAt(log, at + 5);
  header.type = static_cast<FragmentType>(log[at + kLogTypeByte]);
  return header;
}

std::size_t BlockEnd(std::size_t at) { return at - at % kLogBlockBytes + kLogBlockBytes; }

bool IsWholeFragment(std::string_view log, std::size_t at) {
  if (at > log.size() || log.size() - at < kLogHeaderBytes) return false;
  const FragmentHeader header = ReadHeader(log, at);
  if (header.type == FragmentType::kNone || header.type > FragmentType::kLast) return false;
  const std::size_t end = at + kLogHeaderBytes + header.length;
  if (end > BlockEnd(at) || end > log.size()) return false;
  return MaskCrc(ExtendCrc(kCrcBegin, log.substr(at + kLogTypeByte, 1 + header.length))) ==
         header.crc;
}

bool LogReader::Next() {
  record_.clear();
  begin_ = SkipFiller(at_);
  bool begun = false;
  while (true) {
    at_ = SkipFiller(at_);
    if (!IsWholeFragment(log_, at_)) return false;
    const FragmentHeader header = ReadHeader(log_, at_);
    const bool begins = header.type == FragmentType::kFull || header.type == FragmentType::kFirst;
    if (begins == begun) return false;
    begun = true;
    record_ += log_.substr(at_ + kLogHeaderBytes, header.length);
    at_ += kLogHeaderBytes + header.length;
    if (header.type == FragmentType::kFull || header.type == FragmentType::kLast) return true;
  }
}

void ForEachRecordBehind(std::string_view log, std::size_t at,
                         const std::function<void(const std::string& record)>& visit) {
  // Where nothing is known to begin, each byte is tried: in the damaged block, and in the next one,
  // since damage may reach over the end of a block and take the beginning of what follows with it.
  const std::size_t tried_until = BlockEnd(BlockEnd(at));
  for (std::size_t from = at + 1; from < log.size();) {
    LogReader reader(log, from);
    while (reader.Next()) visit(reader.record());
    if (reader.at() > from) {
      from = reader.at();  // a fragment that follows what it should not may begin a record
    } else if (IsWholeFragment(log, from)) {
      from += kLogHeaderBytes + ReadHeader(log, from).length;  // the rest of a record
    } else {
      from = from < tried_until ? from + 1 : BlockEnd(from);
    }
  }
}

}  // namespace tandem::internal
