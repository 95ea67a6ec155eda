#include "tandem/tests/crash/store_files.h"

#include <rocksdb/write_batch.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "tandem/base/check.h"

namespace tandem::testing {

namespace fs = std::filesystem;

namespace {

constexpr int kFull = 1;
constexpr int kFirst = 2;
constexpr int kMiddle = 3;
constexpr int kLast = 4;

unsigned char Byte(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

// CRC-32C bit by bit, masked as RocksDB stores it.
std::uint32_t StoredCrc(int type, std::string_view payload) {
  std::uint32_t crc = 0xFFFFFFFFU;
  const auto extend = [&crc](unsigned char byte) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78U : 0);
  };
  extend(static_cast<unsigned char>(type));
  for (std::size_t i = 0; i < payload.size(); ++i) extend(Byte(payload, i));
  crc = ~crc;
  return ((crc >> 15) | (crc << 17)) + 0xA282EAD8U;
}

void AppendFragment(std::string& log, int type, std::string_view payload) {
  const std::uint32_t crc = StoredCrc(type, payload);
  for (int i = 0; i < 4; ++i) log.push_back(static_cast<char>((crc >> (8 * i)) & 0xFF));
  log.push_back(static_cast<char>(payload.size() & 0xFF));
  log.push_back(static_cast<char>(payload.size() >> 8));
  log.push_back(static_cast<char>(type));
  log.append(payload);
}

void DumpEvent(std::ostream& out, const Event& event) {
  out << event.version << '@' << event.position << '/'
      << event.appended_at.time_since_epoch().count() << ' ' << event.payload << '\n';
}

Status DumpStream(std::ostream& out, Provider& store, const StreamId& stream) {
  out << "stream " << stream.entity << ' ' << stream.partition << '\n';
  ReadOptions options;
  options.from = 1;
  while (true) {
    TANDEM_ASSIGN_OR_RETURN(const EventPage page, store.Read(stream, options));
    if (page.events.empty()) {
      out << "head " << page.head << '\n';
      break;
    }
    for (const Event& event : page.events) DumpEvent(out, event);
    options.from = page.next;
  }
  TANDEM_ASSIGN_OR_RETURN(const auto latest, store.LatestPartition(stream.entity));
  if (latest.has_value()) out << "latest " << latest->partition << ' ' << latest->head << '\n';
  TANDEM_ASSIGN_OR_RETURN(const MetadataPage metadata, store.ReadMetadata(stream, {}));
  for (const auto& [key, value] : metadata.entries) out << key << '=' << value << '\n';
  return Status::Ok();
}

}  // namespace

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  TANDEM_CHECK(file.good() || file.eof(), "a file of the test can be read");
  return bytes;
}

void WriteFile(const fs::path& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  TANDEM_CHECK(file.good(), "a file of the test can be written");
}

void CopyStore(const fs::path& from, const fs::path& to) {
  fs::remove_all(to);
  fs::create_directories(to);
  for (const fs::path& path : FilesOf(from)) {
    const std::string name = path.filename();
    if (name != "LOCK" && !name.starts_with("LOG")) fs::copy_file(path, to / name);
  }
}

std::vector<fs::path> FilesOf(const fs::path& directory, std::string_view suffix) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (entry.is_regular_file() && entry.path().string().ends_with(suffix)) {
      paths.push_back(entry.path());
    }
  }
  std::ranges::sort(paths);
  return paths;
}

std::vector<LogFragment> LogFragments(std::string_view log) {
  std::vector<LogFragment> fragments;
  std::size_t offset = 0;
  while (offset + kLogHeaderBytes <= log.size()) {
    const std::size_t left = kLogBlockBytes - offset % kLogBlockBytes;
    if (left < kLogHeaderBytes) {
      offset += left;
      continue;
    }
    LogFragment fragment;
    fragment.offset = offset;
    fragment.length = Byte(log, offset + 4) + 256 * std::size_t{Byte(log, offset + 5)};
    fragment.type = Byte(log, offset + 6);
    offset += kLogHeaderBytes + fragment.length;
    if (fragment.type < kFull || fragment.type > kLast || offset > log.size()) break;
    fragments.push_back(fragment);
  }
  return fragments;
}

std::vector<std::string> LogRecords(std::string_view log) {
  std::vector<std::string> records;
  std::string record;
  for (const LogFragment& fragment : LogFragments(log)) {
    if (fragment.type == kFull || fragment.type == kFirst) record.clear();
    record += log.substr(fragment.offset + kLogHeaderBytes, fragment.length);
    if (fragment.type == kFull || fragment.type == kLast) records.push_back(record);
  }
  return records;
}

std::string WriteLog(const std::vector<std::string>& records) {
  std::string log;
  for (std::string_view rest : records) {
    bool begun = false;
    do {
      std::size_t left = kLogBlockBytes - log.size() % kLogBlockBytes;
      if (left < kLogHeaderBytes) {
        log.append(left, '\0');
        left = kLogBlockBytes;
      }
      const std::string_view part = rest.substr(0, left - kLogHeaderBytes);
      rest.remove_prefix(part.size());
      const int type = rest.empty() ? (begun ? kLast : kFull) : (begun ? kMiddle : kFirst);
      AppendFragment(log, type, part);
      begun = true;
    } while (!rest.empty());
  }
  return log;
}

namespace {

constexpr std::size_t kSectorBytes = 512;
constexpr std::size_t kPageBytes = 4096;

std::string GroupOf(const internal::GroupStamp& stamp, std::string_view value) {
  rocksdb::WriteBatch batch;
  batch.Put("key", rocksdb::Slice(value.data(), value.size()));
  batch.PutLogData(internal::EncodeGroupStamp(stamp));
  return batch.Data();
}

}  // namespace

std::string StampedGroup(const internal::GroupStamp& stamp, std::size_t bytes) {
  std::mt19937_64 random(stamp.number);
  std::string value(bytes, '\0');
  for (char& byte : value) byte = static_cast<char>(random());
  return GroupOf(stamp, value);
}

std::string RandomGroup(const internal::GroupStamp& stamp, std::size_t bytes,
                        std::mt19937_64& random) {
  std::string value;
  while (value.size() < bytes) {
    const std::uint64_t word = random();
    value.append(reinterpret_cast<const char*>(&word), sizeof(word));
  }
  value.resize(bytes);
  if (bytes > 0 && random() % 3 == 0) {
    const std::size_t begin = random() % bytes;
    value = Zero(value, begin, begin + random() % 8192);
  }
  return GroupOf(stamp, value);
}

std::string Zero(std::string bytes, std::size_t begin, std::size_t end) {
  end = std::min(end, bytes.size());
  if (begin < end)
    std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(begin), end - begin, '\0');
  return bytes;
}

std::string AfterPowerCut(std::string_view bytes, std::size_t flushed, std::mt19937_64& random) {
  std::string left(bytes);
  const std::size_t unflushed = bytes.size() - flushed;
  const std::uint64_t end_of_file = random() % 4;
  if (end_of_file == 0) left.resize(flushed + random() % (unflushed + 1));
  if (end_of_file == 1) left.append(random() % (2 * kPageBytes), '\0');
  // One sector or page; each with some chance; all behind a point.
  const std::size_t unit = random() % 2 == 0 ? kSectorBytes : kPageBytes;
  const std::uint64_t kind = random() % 3;
  const std::uint64_t one_in = std::uint64_t{1} << (random() % 5);
  const std::size_t chosen = (flushed + random() % (unflushed + 1)) / unit * unit;
  for (std::size_t at = flushed / unit * unit; at < left.size(); at += unit) {
    const bool missing = kind == 0   ? at == chosen
                         : kind == 1 ? random() % one_in == 0
                                     : at >= chosen;
    if (missing) left = Zero(std::move(left), std::max(at, flushed), at + unit);
  }
  return left;
}

Result<std::string> DumpStore(Provider& store, const std::vector<StreamId>& streams,
                              const std::vector<std::string>& queues) {
  std::ostringstream out;
  std::set<StreamId> named(streams.begin(), streams.end());
  Position after = 0;
  while (true) {
    TANDEM_ASSIGN_OR_RETURN(const FeedPage page, store.ReadAll(after, {}));
    if (page.events.empty()) break;
    for (const FeedEvent& event : page.events) {
      named.insert(event.stream);
      out << event.stream.entity << ' ' << event.stream.partition << ' ';
      DumpEvent(out, event.event);
    }
    after = page.next;
  }
  for (const StreamId& stream : named) TANDEM_RETURN_IF_ERROR(DumpStream(out, store, stream));
  for (const std::string& queue : queues) {
    out << "queue " << queue << '\n';
    DequeueOptions options;
    options.lease = std::chrono::hours(1);
    options.max_messages = 50;
    while (true) {
      TANDEM_ASSIGN_OR_RETURN(const std::vector<Delivery> deliveries,
                              store.Dequeue(queue, options));
      if (deliveries.empty()) break;
      for (const Delivery& delivery : deliveries) {
        out << delivery.id << ' ' << delivery.key << ' ' << delivery.group << ' '
            << delivery.delivery_count << ' ' << delivery.enqueued_at.time_since_epoch().count()
            << ' ' << delivery.payload << '\n';
      }
    }
  }
  return out.str();
}

}  // namespace tandem::testing
