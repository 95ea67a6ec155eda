#include "tandem/batch/internal/log/manifest_audit.h"

#include <algorithm>
#include <string>
#include <system_error>

#include "tandem/base/result.h"
#include "tandem/batch/internal/log/log_file.h"
#include "tandem/batch/internal/log/log_format.h"
#include "tandem/batch/internal/log/torn_record.h"

namespace tandem::internal {

Status AuditManifestBytes(std::string_view manifest, std::string_view name) {
  LogReader reader(manifest, 0);
  while (reader.Next()) {
  }
  const std::size_t at = std::min(reader.at(), manifest.size());
  if (manifest.find_first_not_of('\0', at) == std::string_view::npos) return Status::Ok();
  const char* damage = DamageAt(manifest, at);
  if (damage == nullptr && !IsCutShort(manifest, at)) damage = "a record with a wrong checksum";
  // RocksDB flushes each edit, so only the last can be torn: one with a whole record behind it was
  // damaged later.
  ForEachRecordBehind(manifest, at, [&damage](const std::string& /*record*/) {
    if (damage == nullptr) damage = "a damaged record before whole ones";
  });
  return damage == nullptr ? Status::Ok() : Damaged(name, at, damage);
}

Status AuditManifest(const std::filesystem::path& directory) {
  const std::filesystem::path current = directory / "CURRENT";
  std::error_code error;
  if (!std::filesystem::exists(current, error)) return Status::Ok();
  TANDEM_ASSIGN_OR_RETURN(std::string name, ReadWhole(current));
  if (!name.starts_with("MANIFEST-") || !name.ends_with('\n') || name.find('/') != name.npos) {
    return Status::Corruption(current.string(), "the file does not name a manifest");
  }
  name.pop_back();
  const std::filesystem::path path = directory / name;
  if (!std::filesystem::exists(path, error)) {
    return Status::Corruption(path.string(), "the file is missing, but CURRENT names it");
  }
  TANDEM_ASSIGN_OR_RETURN(const std::string manifest, ReadWhole(path));
  return AuditManifestBytes(manifest, name);
}

}  // namespace tandem::internal
