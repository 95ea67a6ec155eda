#pragma once

// RocksDB's log format (its wiki: "Write Ahead Log File Format"), read without RocksDB. The
// write-ahead log and the manifest have it.
//
//   log       := block*            of 32 KiB
//   block     := fragment* filler  the filler is shorter than a header
//   fragment  := crc:u32le length:u16le type:u8 payload
//   crc       := masked CRC-32C of type and payload
//   record    := full | first middle* last
//
// The fragments of a record are the last of a block and the first of the next.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace tandem::internal {

constexpr std::size_t kLogBlockBytes = 32'768;
constexpr std::size_t kLogHeaderBytes = 7;
constexpr std::size_t kLogTypeByte = 6;  // of a header

// Types above kLast belong to recycled and compressed logs: they are never written with our
// options. 0 is never written at all.
enum class FragmentType : unsigned char {
  kNone = 0,
  kFull = 1,
  kFirst = 2,
  kMiddle = 3,
  kLast = 4
};

// As the bytes say; nothing is checked.
struct FragmentHeader {
  std::uint32_t crc = 0;
  std::size_t length = 0;  // of the payload
  FragmentType type = FragmentType::kNone;
};

// REQUIRES: a header's bytes are there.
FragmentHeader ReadHeader(std::string_view log, std::size_t at);

std::size_t BlockEnd(std::size_t at);

// Whether there is a fragment with the right checksum.
bool IsWholeFragment(std::string_view log, std::size_t at);

// Reads records one after the other, as long as they are whole. Keeps a view of `log`.
class LogReader {
 public:
  LogReader(std::string_view log, std::size_t at) : log_(log), at_(at) {}

  // False where no whole record begins, the log's end included.
  bool Next();

  const std::string& record() const { return record_; }  // after Next() was true
  std::size_t begin() const { return begin_; }           // of the record, or where one should begin
  std::size_t at() const {
    return at_;
  }  // behind the record; after false the first fragment that
     // is not whole, or follows what it should not
 private:
  std::string_view log_;
  std::size_t at_;
  std::size_t begin_ = 0;
  std::string record_;
};

// Every whole record behind the damaged place `at`: within its block and the next they may begin
// anywhere, else where the start of a block leads to them.
void ForEachRecordBehind(std::string_view log, std::size_t at,
                         const std::function<void(const std::string& record)>& visit);

}  // namespace tandem::internal
