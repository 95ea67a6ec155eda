#include "examples/checksum/manifest.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace checksum {

namespace {

using tandem::Status;

std::string PartName(const std::string& manifest, std::uint32_t number) {
  return manifest + ".part-" + std::to_string(number);
}

// Writes a whole file under another name first, so that a file of that name is always complete.
Status WriteFile(const std::string& path, const std::string& text) {
  const std::string unfinished = path + ".unfinished";
  std::ofstream file(unfinished, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file || std::rename(unfinished.c_str(), path.c_str()) != 0) {
    return Status::IoError("can't write " + path + ": " + std::generic_category().message(errno));
  }
  return Status::Ok();
}

}  // namespace

std::string ManifestLine(const FileDigest& digest) {
  std::string path;
  for (const char c : digest.path) {
    if (c == '\\') {
      path += "\\\\";
    } else if (c == '\n') {
      path += "\\n";
    } else {
      path += c;
    }
  }
  const char* const mark = path == digest.path ? "" : "\\";
  return mark + digest.sha256 + "  " + path + "\n";
}

Status WritePart(const Part& part) {
  // A manifest of an earlier job must not pass for this one's.
  std::error_code ignored;
  if (part.number == 0) std::filesystem::remove(part.manifest, ignored);
  std::string text;
  for (const FileDigest& digest : part.files) {
    if (!digest.sha256.empty()) text += ManifestLine(digest);
  }
  return WriteFile(PartName(part.manifest, part.number), text);
}

Status Assemble(const Assembly& assembly) {
  std::string text;
  bool all_there = true;
  for (std::uint32_t number = 0; number < assembly.parts; ++number) {
    std::ifstream part(PartName(assembly.manifest, number), std::ios::binary);
    all_there = all_there && part.good();
    text.append(std::istreambuf_iterator<char>(part), {});
  }
  // Parts are taken away only when the manifest is there: an attempt before this one did its work.
  if (!all_there && std::filesystem::exists(assembly.manifest)) return Status::Ok();
  if (!all_there) return Status::NotFound("a part of " + assembly.manifest + " has vanished");
  TANDEM_RETURN_IF_ERROR(WriteFile(assembly.manifest, text));
  for (std::uint32_t number = 0; number < assembly.parts; ++number) {
    std::error_code ignored;
    std::filesystem::remove(PartName(assembly.manifest, number), ignored);
  }
  return Status::Ok();
}

}  // namespace checksum
