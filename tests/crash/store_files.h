#pragma once

// The files of a store, taken apart: copies, damage, and RocksDB's log format
// (batch/internal/log/log_format.h has its grammar), read and written without
// RocksDB.

#include <cstddef>
#include <filesystem>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tandem/base/result.h"
#include "tandem/batch/internal/log/group_stamp.h"
#include "tandem/batch/provider.h"

namespace tandem::testing {

std::string ReadFile(const std::filesystem::path& path);
void WriteFile(const std::filesystem::path& path, std::string_view bytes);

// Replaces `to` by a copy of `from`.
void CopyStore(const std::filesystem::path& from, const std::filesystem::path& to);

// The files whose names end with `suffix`, sorted.
std::vector<std::filesystem::path> FilesOf(const std::filesystem::path& directory,
                                           std::string_view suffix = "");

// A piece of a record, as it stands in a log.
struct LogFragment {
  std::size_t offset = 0;  // of its header, of kLogHeaderBytes
  std::size_t length = 0;  // of its payload
  int type = 0;            // 1 full, 2 first, 3 middle, 4 last
};

constexpr std::size_t kLogBlockBytes = 32'768;
constexpr std::size_t kLogHeaderBytes = 7;

std::vector<LogFragment> LogFragments(std::string_view log);
std::vector<std::string> LogRecords(std::string_view log);
std::string WriteLog(const std::vector<std::string>& records);

// The bytes of a write batch of a group, as the log has it: with `bytes` of value, and the stamp.
std::string StampedGroup(const internal::GroupStamp& stamp, std::size_t bytes);
// The same with random bytes; some have long runs of zeros.
std::string RandomGroup(const internal::GroupStamp& stamp, std::size_t bytes,
                        std::mt19937_64& random);

// `bytes` with zeros from `begin` up to `end`, as far as it reaches.
std::string Zero(std::string bytes, std::size_t begin, std::size_t end);

// What a power cut may leave of a file of which `flushed` bytes were flushed: of the rest each
// sector is there or reads as zeros, in any combination; the file may end sooner, or have grown by
// zeros before.
std::string AfterPowerCut(std::string_view bytes, std::size_t flushed, std::mt19937_64& random);

// Everything that a reader of the store can see, in one string: the feed, all
// streams that it names and the given ones with their metadata, and every
// message of the queues, which it leases.
Result<std::string> DumpStore(Provider& store, const std::vector<StreamId>& streams,
                              const std::vector<std::string>& queues);

}  // namespace tandem::testing
