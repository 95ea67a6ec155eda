#include "examples/checksum/types.h"

namespace checksum {
namespace {

using tandem::ToData;

std::string ToString(capnp::Data::Reader data) { return std::string(tandem::ToBytes(data)); }

void Write(const std::vector<std::string>& texts, capnp::List<capnp::Data>::Builder list) {
  for (unsigned i = 0; i < list.size(); ++i) list.set(i, ToData(texts[i]));
}

void Read(capnp::List<capnp::Data>::Reader list, std::vector<std::string>& texts) {
  for (const auto text : list) texts.push_back(ToString(text));
}

}  // namespace

void ToCapnp(const Job& job, schema::Job::Builder record) {
  record.setDirectory(ToData(job.directory));
  record.setManifest(ToData(job.manifest));
}
void FromCapnp(schema::Job::Reader record, Job& job) {
  job.directory = ToString(record.getDirectory());
  job.manifest = ToString(record.getManifest());
}

void ToCapnp(const ListRequest& request, schema::ListRequest::Builder record) {
  record.setDirectory(ToData(request.directory));
  record.setAfter(ToData(request.after));
}
void FromCapnp(schema::ListRequest::Reader record, ListRequest& request) {
  request.directory = ToString(record.getDirectory());
  request.after = ToString(record.getAfter());
}

void ToCapnp(const FilePage& page, schema::FilePage::Builder record) {
  auto batches = record.initBatches(page.batches.size());
  for (std::size_t i = 0; i < page.batches.size(); ++i) {
    Write(page.batches[i], batches[i].initPaths(page.batches[i].size()));
  }
  record.setLast(ToData(page.last));
  record.setMore(page.more);
  Write(page.unreadable, record.initUnreadable(page.unreadable.size()));
}
void FromCapnp(schema::FilePage::Reader record, FilePage& page) {
  for (const auto batch : record.getBatches()) {
    Read(batch.getPaths(), page.batches.emplace_back());
  }
  page.last = ToString(record.getLast());
  page.more = record.getMore();
  Read(record.getUnreadable(), page.unreadable);
}

void ToCapnp(const FileDigest& digest, schema::FileDigest::Builder record) {
  record.setPath(ToData(digest.path));
  record.setSha256(ToData(digest.sha256));
  record.setBytes(digest.bytes);
}
void FromCapnp(schema::FileDigest::Reader record, FileDigest& digest) {
  digest.path = ToString(record.getPath());
  digest.sha256 = ToString(record.getSha256());
  digest.bytes = record.getBytes();
}

void ToCapnp(const Part& part, schema::Part::Builder record) {
  record.setManifest(ToData(part.manifest));
  record.setNumber(part.number);
  auto files = record.initFiles(part.files.size());
  for (std::size_t i = 0; i < part.files.size(); ++i) ToCapnp(part.files[i], files[i]);
}
void FromCapnp(schema::Part::Reader record, Part& part) {
  part.manifest = ToString(record.getManifest());
  part.number = record.getNumber();
  for (const auto file : record.getFiles()) FromCapnp(file, part.files.emplace_back());
}

void ToCapnp(const Assembly& assembly, schema::Assembly::Builder record) {
  record.setManifest(ToData(assembly.manifest));
  record.setParts(assembly.parts);
}
void FromCapnp(schema::Assembly::Reader record, Assembly& assembly) {
  assembly.manifest = ToString(record.getManifest());
  assembly.parts = record.getParts();
}

void ToCapnp(const Summary& summary, schema::Summary::Builder record) {
  record.setFiles(summary.files);
  record.setBytes(summary.bytes);
  record.setUnreadable(summary.unreadable);
}
void FromCapnp(schema::Summary::Reader record, Summary& summary) {
  summary.files = record.getFiles();
  summary.bytes = record.getBytes();
  summary.unreadable = record.getUnreadable();
}

}  // namespace checksum
