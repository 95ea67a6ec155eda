#include "base/record.h"
#include "examples/checksum/checksum.capnp.h"
#include "examples/checksum/types.h"

namespace checksum {
namespace {

using tandem::ToBytes;
using tandem::ToData;

std::string ToString(capnp::Data::Reader data) { return std::string(ToBytes(data)); }

void Write(const FileDigest& digest, schema::FileDigest::Builder record) {
  record.setPath(ToData(digest.path));
  record.setSha256(ToData(digest.sha256));
  record.setBytes(digest.bytes);
}

FileDigest Read(schema::FileDigest::Reader record) {
  return FileDigest{ToString(record.getPath()), ToString(record.getSha256()), record.getBytes()};
}

}  // namespace
}  // namespace checksum

namespace duroxide {

using namespace checksum;  // NOLINT(google-build-using-namespace): this file is about its types
using tandem::DecodeRecord;
using tandem::EncodeRecord;

std::string Codec<Job>::Encode(const Job& job) {
  return EncodeRecord<schema::Job>([&](schema::Job::Builder record) {
    record.setDirectory(ToData(job.directory));
    record.setManifest(ToData(job.manifest));
  });
}
Result<Job> Codec<Job>::Decode(std::string_view bytes) {
  Job job;
  TANDEM_RETURN_IF_ERROR(DecodeRecord<schema::Job>(bytes, "job", [&](schema::Job::Reader record) {
    job = Job{ToString(record.getDirectory()), ToString(record.getManifest())};
  }));
  return job;
}

std::string Codec<ListRequest>::Encode(const ListRequest& request) {
  return EncodeRecord<schema::ListRequest>([&](schema::ListRequest::Builder record) {
    record.setDirectory(ToData(request.directory));
    record.setAfter(ToData(request.after));
  });
}
Result<ListRequest> Codec<ListRequest>::Decode(std::string_view bytes) {
  ListRequest request;
  TANDEM_RETURN_IF_ERROR(DecodeRecord<schema::ListRequest>(
      bytes, "list request", [&](schema::ListRequest::Reader record) {
        request = ListRequest{ToString(record.getDirectory()), ToString(record.getAfter())};
      }));
  return request;
}

std::string Codec<FilePage>::Encode(const FilePage& page) {
  return EncodeRecord<schema::FilePage>([&](schema::FilePage::Builder record) {
    auto batches = record.initBatches(page.batches.size());
    for (std::size_t i = 0; i < page.batches.size(); ++i) {
      auto paths = batches[i].initPaths(page.batches[i].size());
      for (std::size_t j = 0; j < page.batches[i].size(); ++j) {
        paths.set(j, ToData(page.batches[i][j]));
      }
    }
    record.setLast(ToData(page.last));
    record.setMore(page.more);
    auto unreadable = record.initUnreadable(page.unreadable.size());
    for (std::size_t i = 0; i < page.unreadable.size(); ++i) {
      unreadable.set(i, ToData(page.unreadable[i]));
    }
  });
}
Result<FilePage> Codec<FilePage>::Decode(std::string_view bytes) {
  FilePage page;
  TANDEM_RETURN_IF_ERROR(
      DecodeRecord<schema::FilePage>(bytes, "file page", [&](schema::FilePage::Reader record) {
        for (const auto batch : record.getBatches()) {
          std::vector<std::string>& paths = page.batches.emplace_back();
          for (const auto path : batch.getPaths()) paths.push_back(ToString(path));
        }
        page.last = ToString(record.getLast());
        page.more = record.getMore();
        for (const auto path : record.getUnreadable()) page.unreadable.push_back(ToString(path));
      }));
  return page;
}

std::string Codec<FileDigest>::Encode(const FileDigest& digest) {
  return EncodeRecord<schema::FileDigest>(
      [&](schema::FileDigest::Builder record) { Write(digest, record); });
}
Result<FileDigest> Codec<FileDigest>::Decode(std::string_view bytes) {
  FileDigest digest;
  TANDEM_RETURN_IF_ERROR(DecodeRecord<schema::FileDigest>(
      bytes, "file digest", [&](schema::FileDigest::Reader record) { digest = Read(record); }));
  return digest;
}

std::string Codec<Part>::Encode(const Part& part) {
  return EncodeRecord<schema::Part>([&](schema::Part::Builder record) {
    record.setManifest(ToData(part.manifest));
    record.setNumber(part.number);
    auto files = record.initFiles(part.files.size());
    for (std::size_t i = 0; i < part.files.size(); ++i) Write(part.files[i], files[i]);
  });
}
Result<Part> Codec<Part>::Decode(std::string_view bytes) {
  Part part;
  TANDEM_RETURN_IF_ERROR(
      DecodeRecord<schema::Part>(bytes, "part", [&](schema::Part::Reader record) {
        part.manifest = ToString(record.getManifest());
        part.number = record.getNumber();
        for (const auto file : record.getFiles()) part.files.push_back(Read(file));
      }));
  return part;
}

std::string Codec<Assembly>::Encode(const Assembly& assembly) {
  return EncodeRecord<schema::Assembly>([&](schema::Assembly::Builder record) {
    record.setManifest(ToData(assembly.manifest));
    record.setParts(assembly.parts);
  });
}
Result<Assembly> Codec<Assembly>::Decode(std::string_view bytes) {
  Assembly assembly;
  TANDEM_RETURN_IF_ERROR(
      DecodeRecord<schema::Assembly>(bytes, "assembly", [&](schema::Assembly::Reader record) {
        assembly = Assembly{ToString(record.getManifest()), record.getParts()};
      }));
  return assembly;
}

std::string Codec<Summary>::Encode(const Summary& summary) {
  return EncodeRecord<schema::Summary>([&](schema::Summary::Builder record) {
    record.setFiles(summary.files);
    record.setBytes(summary.bytes);
    record.setUnreadable(summary.unreadable);
  });
}
Result<Summary> Codec<Summary>::Decode(std::string_view bytes) {
  Summary summary;
  TANDEM_RETURN_IF_ERROR(
      DecodeRecord<schema::Summary>(bytes, "summary", [&](schema::Summary::Reader record) {
        summary = Summary{record.getFiles(), record.getBytes(), record.getUnreadable()};
      }));
  return summary;
}

}  // namespace duroxide
