#include "batch/internal/log_audit.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tandem::internal {

namespace {

constexpr std::size_t kBlockBytes = 32'768;
constexpr std::size_t kHeaderBytes = 7;

// Record types: full, first, middle, last. Those of recycled and compressed logs are never written
// with our options.
constexpr unsigned char kTypeMin = 1;
constexpr unsigned char kTypeMax = 4;

unsigned char Byte(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

constexpr std::array<std::uint32_t, 256> MakeCrcTable() {
  constexpr std::uint32_t kPolynomial = 0x82F63B78;  // CRC-32C (Castagnoli), reflected
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    table[i] = crc;
  }
  return table;
}

std::uint32_t ExtendCrc(std::uint32_t crc, unsigned char byte) {
  static constexpr std::array<std::uint32_t, 256> kTable = MakeCrcTable();
  return (crc >> 8) ^ kTable[(crc ^ byte) & 0xFF];
}

// As stored: complemented, rotated and shifted by a constant (RocksDB, util/crc32c.h).
std::uint32_t MaskCrc(std::uint32_t crc) {
  crc = ~crc;
  return ((crc >> 15) | (crc << 17)) + 0xA282EAD8U;
}

std::uint32_t StoredCrc(std::string_view record) {
  std::uint32_t stored = 0;
  for (std::size_t i = 0; i < 4; ++i) stored |= std::uint32_t{Byte(record, i)} << (8 * i);
  return stored;
}

std::size_t StoredLength(std::string_view record) {
  return Byte(record, 4) + 256 * std::size_t{Byte(record, 5)};
}

bool IsRecordType(unsigned char type) { return type >= kTypeMin && type <= kTypeMax; }

// True if some shorter length makes the checksum right: then the record was written whole, and it
// is its length that is damaged. A torn record passes with a chance of at most 32768 / 2^32.
bool IsWholeWithAnotherLength(std::string_view record) {
  const std::uint32_t stored = StoredCrc(record);
  std::uint32_t crc = ExtendCrc(0xFFFFFFFFU, Byte(record, kHeaderBytes - 1));
  for (std::size_t i = kHeaderBytes; i < record.size(); ++i) {
    if (MaskCrc(crc) == stored) return true;
    crc = ExtendCrc(crc, Byte(record, i));
  }
  return MaskCrc(crc) == stored;
}

// True if a whole record with the right checksum begins somewhere in `bytes`. Behind a record that
// is really torn there is none.
bool ContainsWholeRecord(std::string_view bytes) {
  for (; bytes.size() >= kHeaderBytes; bytes.remove_prefix(1)) {
    const std::size_t end = kHeaderBytes + StoredLength(bytes);
    if (!IsRecordType(Byte(bytes, kHeaderBytes - 1)) || end > bytes.size()) continue;
    std::uint32_t crc = 0xFFFFFFFFU;
    for (std::size_t i = kHeaderBytes - 1; i < end; ++i) crc = ExtendCrc(crc, Byte(bytes, i));
    if (MaskCrc(crc) == StoredCrc(bytes)) return true;
  }
  return false;
}

Status Damaged(std::string_view name, std::size_t offset, const char* what) {
  return Status::Corruption(std::string(name) + " at byte " + std::to_string(offset), what);
}

Status AuditFile(const std::filesystem::path& path, bool is_last) {
  std::ifstream file(path, std::ios::binary);
  std::string log;
  if (file) {
    log.resize(std::filesystem::file_size(path));
    file.read(log.data(), static_cast<std::streamsize>(log.size()));
  }
  if (!file) {
    return Status::IoError("can't read " + path.string() + ": " +
                           std::generic_category().message(errno));
  }
  return AuditLog(log, path.filename().string(), is_last);
}

}  // namespace

Status AuditLog(std::string_view log, std::string_view name, bool is_last) {
  std::size_t offset = 0;
  while (offset < log.size()) {
    const std::size_t block_end = offset - offset % kBlockBytes + kBlockBytes;
    if (block_end - offset < kHeaderBytes) {
      offset = block_end;
      continue;
    }
    if (log.size() - offset < kHeaderBytes) return Status::Ok();  // a torn header
    const std::size_t length = StoredLength(log.substr(offset));
    if (!IsRecordType(Byte(log, offset + kHeaderBytes - 1))) {
      // A power cut may leave a grown file whose last bytes never arrived.
      const std::string_view rest = log.substr(offset);
      if (rest.find_first_not_of('\0') == std::string_view::npos) {
        return is_last ? Status::Ok() : Damaged(name, offset, "zeros before the next log");
      }
      return Damaged(name, offset, "unknown record type");
    }
    const std::size_t end = offset + kHeaderBytes + length;
    if (end > block_end) return Damaged(name, offset, "a record longer than its block");
    if (end > log.size()) {
      const std::string_view rest = log.substr(offset);
      if (IsWholeWithAnotherLength(rest)) {
        return Damaged(name, offset, "a whole record with a wrong length");
      }
      if (ContainsWholeRecord(rest.substr(1))) {
        return Damaged(name, offset, "a damaged record before whole ones");
      }
      return Status::Ok();  // torn
    }
    offset = end;
  }
  return Status::Ok();
}

Status AuditLogs(const std::filesystem::path& directory) {
  std::error_code error;
  std::vector<std::filesystem::path> logs;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("MANIFEST-")) TANDEM_RETURN_IF_ERROR(AuditFile(entry.path(), true));
    if (name.ends_with(".log") && entry.file_size(error) > 0) logs.push_back(entry.path());
  }
  if (error) return Status::IoError("can't list " + directory.string() + ": " + error.message());
  // In the order of their numbers, which are padded to six digits at least.
  std::ranges::sort(logs, {}, [](const std::filesystem::path& path) {
    const std::string name = path.filename().string();
    return std::pair(name.size(), name);
  });
  for (const std::filesystem::path& path : logs) {
    TANDEM_RETURN_IF_ERROR(AuditFile(path, path == logs.back()));
  }
  return Status::Ok();
}

}  // namespace tandem::internal
