#include "tandem/cli/bench/progress_line.h"

#include <cmath>

#include "tandem/cli/bench/reports.h"

namespace tandem::bench {

namespace {

constexpr std::chrono::milliseconds kShowEvery{100};
constexpr const char* kEmptyLine = "\r\x1b[K";

}  // namespace

std::string ProgressInWords(const Progress& progress, std::chrono::duration<double> passed) {
  std::string text = std::to_string(progress.rows_done) + "/" + std::to_string(progress.rows);
  text += "  " + BatchInWords(progress.shape) + "  ";
  text.append(NameOf(progress.shape.durability)).append("  ").append(NameOf(progress.store));
  text += "  " + std::to_string(std::lround(100 * progress.part_of_shape)) + "%";
  text += "  " + WithThousands(progress.per_second) + "/s";
  if (progress.part_of_all > 0) {
    const double left = passed.count() / progress.part_of_all - passed.count();
    text += "  " + std::to_string(std::lround(left)) + "s left";
  }
  return text;
}

void ProgressLine::Show(const Progress& progress) {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_) return;
  next_ = now + kShowEvery;
  terminal_ << kEmptyLine << ProgressInWords(progress, now - start_) << std::flush;
  shown_ = true;
}

void ProgressLine::Clear() {
  if (shown_) terminal_ << kEmptyLine << std::flush;
  shown_ = false;
}

}  // namespace tandem::bench
