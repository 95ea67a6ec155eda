#pragma once

// The values of the checksum orchestration, and how they are stored: as the structs of the same
// names in checksum.capnp.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tandem/duroxide_runtime/capnp_codec.h>
#include "examples/checksum/checksum.capnp.h"

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

void ToCapnp(const Job& value, schema::Job::Builder record);
void FromCapnp(schema::Job::Reader record, Job& value);
void ToCapnp(const ListRequest& value, schema::ListRequest::Builder record);
void FromCapnp(schema::ListRequest::Reader record, ListRequest& value);
void ToCapnp(const FilePage& value, schema::FilePage::Builder record);
void FromCapnp(schema::FilePage::Reader record, FilePage& value);
void ToCapnp(const FileDigest& value, schema::FileDigest::Builder record);
void FromCapnp(schema::FileDigest::Reader record, FileDigest& value);
void ToCapnp(const Part& value, schema::Part::Builder record);
void FromCapnp(schema::Part::Reader record, Part& value);
void ToCapnp(const Assembly& value, schema::Assembly::Builder record);
void FromCapnp(schema::Assembly::Reader record, Assembly& value);
void ToCapnp(const Summary& value, schema::Summary::Builder record);
void FromCapnp(schema::Summary::Reader record, Summary& value);

}  // namespace checksum

template <>
struct duroxide::Codec<checksum::Job> : duroxide::CapnpCodec<checksum::Job, checksum::schema::Job> {
};
template <>
struct duroxide::Codec<checksum::ListRequest>
    : duroxide::CapnpCodec<checksum::ListRequest, checksum::schema::ListRequest> {};
template <>
struct duroxide::Codec<checksum::FilePage>
    : duroxide::CapnpCodec<checksum::FilePage, checksum::schema::FilePage> {};
template <>
struct duroxide::Codec<checksum::FileDigest>
    : duroxide::CapnpCodec<checksum::FileDigest, checksum::schema::FileDigest> {};
template <>
struct duroxide::Codec<checksum::Part>
    : duroxide::CapnpCodec<checksum::Part, checksum::schema::Part> {};
template <>
struct duroxide::Codec<checksum::Assembly>
    : duroxide::CapnpCodec<checksum::Assembly, checksum::schema::Assembly> {};
template <>
struct duroxide::Codec<checksum::Summary>
    : duroxide::CapnpCodec<checksum::Summary, checksum::schema::Summary> {};
