#pragma once

// The values of the checksum orchestration, and how they are stored (checksum.capnp).

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "duroxide_runtime/codec.h"

namespace checksum {

struct Job {
  // An input of a coroutine must not be an aggregate (docs/coroutines.md).
  Job() = default;
  Job(std::string read, std::string written)
      : directory(std::move(read)), manifest(std::move(written)) {}

  std::string directory;  // absolute
  std::string manifest;   // the file to write
};

// One page of a directory's files, in order of their paths.
struct ListRequest {
  std::string directory;
  std::string after;  // only paths greater than this; empty = from the first
};
struct FilePage {
  std::vector<std::vector<std::string>> batches;  // paths that one activity should hash
  std::string last;
  bool more = false;
  std::vector<std::string> unreadable;  // directories that can't be listed; on the first page
};

struct FileDigest {
  std::string path;
  std::string sha256;  // 64 hex digits; empty: the file could not be read
  std::uint64_t bytes = 0;
};
using HashedFiles = std::vector<FileDigest>;

// A page's share of the manifest, kept in a file of its own until all are there.
struct Part {
  std::string manifest;
  std::uint32_t number = 0;
  HashedFiles files;
};
struct Assembly {
  std::string manifest;
  std::uint32_t parts = 0;
};

struct Summary {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t unreadable = 0;
};

}  // namespace checksum

#define CHECKSUM_DECLARE_CODEC(Type)                    \
  template <>                                           \
  struct duroxide::Codec<Type> {                        \
    static std::string Encode(const Type& value);       \
    static Result<Type> Decode(std::string_view bytes); \
  }

CHECKSUM_DECLARE_CODEC(checksum::Job);
CHECKSUM_DECLARE_CODEC(checksum::ListRequest);
CHECKSUM_DECLARE_CODEC(checksum::FilePage);
CHECKSUM_DECLARE_CODEC(checksum::FileDigest);
CHECKSUM_DECLARE_CODEC(checksum::Part);
CHECKSUM_DECLARE_CODEC(checksum::Assembly);
CHECKSUM_DECLARE_CODEC(checksum::Summary);

#undef CHECKSUM_DECLARE_CODEC
