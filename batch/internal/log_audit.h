#pragma once

// Looks for damage at the end of RocksDB's logs, before RocksDB reads them.
//
// A process that dies while it writes leaves a torn record at the end of the log, which never was
// acknowledged: RocksDB drops it, and must. But it takes any record for torn whose length reaches
// beyond the end of the file, and stops without a word at a record type that it uses elsewhere. One
// flipped bit in a header does either, and everything behind it, acknowledged or not, would be gone
// in silence. This audit tells the two apart; everything else is left to RocksDB's own checksums.
//
//   log     := block*          (format: RocksDB's wiki, "Write Ahead Log File Format")
//   block   := record* filler  32 KiB; the filler is shorter than a header
//   record  := crc:u32le length:u16le type:u8 payload, within one block
//   crc     := masked CRC-32C of type and payload

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "base/status.h"

namespace tandem::internal {

// Audits the write-ahead logs and the manifest of a RocksDB directory. Corruption, IoError.
Status AuditLogs(const std::filesystem::path& directory);

// One log's bytes; `name` is for the message. Zeros at the end are what a power cut may leave, but
// only of the last log that was written to (`is_last`).
Status AuditLog(std::string_view log, std::string_view name, bool is_last = true);

}  // namespace tandem::internal
