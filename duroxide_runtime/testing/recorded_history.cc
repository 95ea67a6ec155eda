#include "tandem/duroxide_runtime/testing/recorded_history.h"

#include <charconv>
#include <fstream>
#include <sstream>
#include <utility>

#include "tandem/duroxide_runtime/internal/client/executions.h"
#include "tandem/duroxide_runtime/internal/engine/turn.h"
#include "tandem/duroxide_runtime/internal/records/history.h"
#include "tandem/duroxide_runtime/internal/store/instance_reader.h"
#include "tandem/duroxide_runtime/internal/store/layout.h"

namespace duroxide::testing {

namespace {

constexpr std::string_view kHeader = "duroxide-history 1";

std::string ToHex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(2 * bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

std::optional<std::string> FromHex(std::string_view hex) {
  if (hex.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(hex.size() / 2);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    unsigned byte = 0;
    const auto [rest, error] = std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16);
    if (error != std::errc() || rest != hex.data() + i + 2) return std::nullopt;
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

// Reads one history.
class TextReader {
 public:
  TextReader(std::istream& in, std::string where) : in_(in), where_(std::move(where)) {}

  Result<RecordedHistory> Read() {
    std::string line;
    if (!std::getline(in_, line) || !line.starts_with("duroxide-history ")) {
      return Damaged("is no recorded history");
    }
    if (line != kHeader) return Status::Unsupported(where_ + ": a newer format: " + line);
    while (std::getline(in_, line)) {
      ++number_;
      if (line.empty() || line.front() == '#') continue;
      TANDEM_RETURN_IF_ERROR(ReadLine(line));
    }
    if (in_.bad()) return Status::IoError(where_ + ": can't be read");
    if (recorded_.history.empty()) return Damaged("holds no event");
    return std::move(recorded_);
  }

 private:
  Status Damaged(const std::string& what) const {
    return Status::Corruption(where_ + ":" + std::to_string(number_), what);
  }

  Status ReadLine(const std::string& line) {
    std::istringstream words(line);
    std::string kind;
    words >> kind;
    bool read = false;
    if (kind == "instance") {
      read = ReadBytes(words, &recorded_.instance);
    } else if (kind == "execution") {
      read = static_cast<bool>(words >> recorded_.execution);
    } else if (kind == "kv") {
      std::string key;
      std::int64_t micros = 0;
      KvEntry entry;
      read = ReadBytes(words, &key) && (words >> micros) && ReadBytes(words, &entry.value);
      entry.updated_at = Timestamp(std::chrono::microseconds(micros));
      recorded_.kv.insert_or_assign(std::move(key), std::move(entry));
    } else if (kind == "event") {
      std::string record;
      if (!ReadBytes(words, &record)) return Damaged("no event in hexadecimal digits");
      TANDEM_ASSIGN_OR_RETURN(
          HistoryEvent event,
          internal::DecodeHistoryEvent(record, where_ + ":" + std::to_string(number_)));
      recorded_.history.push_back(std::move(event));
      read = true;
    }
    return read ? Status::Ok() : Damaged("can't be understood: " + line.substr(0, 80));
  }

  static bool ReadBytes(std::istream& words, std::string* bytes) {
    std::string hex;
    words >> hex;  // may be empty: no bytes
    std::optional<std::string> decoded = FromHex(hex);
    if (!decoded) return false;
    *bytes = *std::move(decoded);
    return true;
  }

  std::istream& in_;
  const std::string where_;
  std::size_t number_ = 1;
  RecordedHistory recorded_;
};

}  // namespace

Result<std::vector<RecordedHistory>> ReadRecorded(tandem::Provider& provider,
                                                  std::string_view instance) {
  TANDEM_ASSIGN_OR_RETURN(const internal::InstancePlace place,
                          internal::FindInstance(provider, instance));
  std::vector<RecordedHistory> all;
  if (place.head == 0) return all;
  TANDEM_ASSIGN_OR_RETURN(const std::uint64_t oldest,
                          internal::OldestExecution(provider, instance, place));
  TANDEM_ASSIGN_OR_RETURN(KvEntries kv, internal::KvBefore(provider, instance, place, oldest));
  for (std::uint64_t number = oldest;; ++number) {
    tandem::ReadOptions options;
    options.max_events = 1;
    TANDEM_ASSIGN_OR_RETURN(const tandem::EventPage page,
                            provider.Read(internal::HistoryStream(instance, number), options));
    RecordedHistory recorded;
    recorded.instance = instance;
    recorded.execution = number;
    TANDEM_ASSIGN_OR_RETURN(recorded.history,
                            internal::LoadHistory(provider, instance, number, page.head));
    recorded.kv = kv;
    kv = internal::ReplayKv(std::move(kv), recorded.history).entries();
    all.push_back(std::move(recorded));
    if (number == place.execution) return all;
  }
}

std::optional<std::string> FindDivergence(const RecordedHistory& recorded,
                                          const Registry& registry) {
  return internal::FindDivergence(recorded.instance, recorded.execution, recorded.history,
                                  recorded.kv, registry);
}

Status WriteHistory(std::ostream& out, const RecordedHistory& recorded) {
  out << kHeader << "\ninstance " << ToHex(recorded.instance) << "\nexecution "
      << recorded.execution << "\n";
  for (const auto& [key, entry] : recorded.kv) {
    out << "kv " << ToHex(key) << " " << entry.updated_at.time_since_epoch().count() << " "
        << ToHex(entry.value) << "\n";
  }
  EventId id = 0;
  for (const HistoryEvent& event : recorded.history) {
    out << "# " << ++id << " " << Describe(event.body) << "\n";
    out << "event " << ToHex(internal::EncodeHistoryEvent(event)) << "\n";
  }
  return out ? Status::Ok() : Status::IoError("can't write a recorded history");
}

Result<RecordedHistory> ReadHistory(std::istream& in, const std::string& where) {
  return TextReader(in, where).Read();
}

Status WriteHistoryFile(const std::filesystem::path& path, const RecordedHistory& recorded) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  const Status written = WriteHistory(out, recorded);
  out.close();
  if (!written.ok() || !out) return Status::IoError("can't write " + path.string());
  return Status::Ok();
}

Result<RecordedHistory> ReadHistoryFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return Status::NotFound("can't open " + path.string());
  return ReadHistory(in, path.string());
}

}  // namespace duroxide::testing
