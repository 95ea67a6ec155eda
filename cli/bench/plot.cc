#include "tandem/cli/bench/plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>

#include "tandem/cli/bench/reports.h"

namespace tandem::bench {

namespace {

// In pixels.
constexpr std::size_t kColumns = 3;
constexpr double kPanelWidth = 320;
constexpr double kPanelHeight = 230;
constexpr double kLeft = 64;  // from a panel's edge to its axes
constexpr double kTop = 26;
constexpr double kRight = 22;
constexpr double kBottom = 30;
constexpr double kHeadHeight = 52;

// Four nines: beyond, a run of usual length has no samples.
constexpr double kNinesMax = 4;
constexpr int kSteps = 160;  // points of a line

std::string Escaped(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string Number(double number) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f", number);
  return text;
}

const char* ColourOf(StoreKind store) {
  switch (store) {
    case StoreKind::kTandem:
      return "#1f77b4";
    case StoreKind::kRocksDb:
      return "#d95f02";
    case StoreKind::kSqlite:
      return "#2ca02c";
  }
  return "black";
}

std::string Text(double x, double y, const char* anchor, const std::string& text) {
  return "<text x=\"" + Number(x) + "\" y=\"" + Number(y) + "\" text-anchor=\"" + anchor + "\">" +
         Escaped(text) + "</text>\n";
}

std::string Line(double x1, double y1, double x2, double y2) {
  return "<line x1=\"" + Number(x1) + "\" y1=\"" + Number(y1) + "\" x2=\"" + Number(x2) +
         "\" y2=\"" + Number(y2) + "\" stroke=\"#dddddd\"/>\n";
}

// The powers of ten of microseconds between which all latencies lie; the same in all panels.
struct Decades {
  int first = 0;
  int last = 1;
};

double Log10OfMicros(std::uint64_t nanos) {
  return std::log10(std::max(1.0, static_cast<double>(nanos)) / 1000);
}

Decades DecadesOf(const std::vector<Row>& rows) {
  double least = std::numeric_limits<double>::max();
  double most = std::numeric_limits<double>::lowest();
  for (const Row& row : rows) {
    least = std::min(least, Log10OfMicros(row.latencies.NanosAt(0)));
    most = std::max(most, Log10OfMicros(row.latencies.max()));
  }
  if (rows.empty()) return {};
  Decades decades{static_cast<int>(std::floor(least)), static_cast<int>(std::ceil(most))};
  decades.last = std::max(decades.last, decades.first + 1);
  return decades;
}

// Panels fill one line after the other.
std::size_t LineOf(std::size_t panel) { return panel / kColumns; }

// A panel at a place of the plot.
class Panel {
 public:
  Panel(std::size_t index, const Decades& decades)
      : x_(static_cast<double>(index % kColumns) * kPanelWidth),
        y_(kHeadHeight + static_cast<double>(LineOf(index)) * kPanelHeight),
        decades_(decades) {}

  std::string Axes(const std::string& title) const {
    std::string svg = Text(x_ + 8, y_ + kTop - 9, "start", title);
    for (int decade = decades_.first; decade <= decades_.last; ++decade) {
      svg += Line(X(0), Y(decade), X(kNinesMax), Y(decade));
      const double micros = std::pow(10, decade);
      svg +=
          Text(X(0) - 5, Y(decade) + 4, "end", micros < 1 ? Number(micros) : WithThousands(micros));
    }
    static constexpr std::array kPercentiles = {"0", "90", "99", "99.9", "99.99"};
    for (std::size_t nines = 0; nines < kPercentiles.size(); ++nines) {
      const auto at = static_cast<double>(nines);
      svg += Line(X(at), Y(decades_.first), X(at), Y(decades_.last));
      svg += Text(X(at), Y(decades_.first) + 16, "middle", kPercentiles[nines]);
    }
    return svg;
  }

  std::string Curve(const Row& row) const {
    std::string points;
    for (int step = 0; step <= kSteps; ++step) {
      const double nines = kNinesMax * step / kSteps;
      const double rest = std::pow(10, -nines);  // of the batches are slower
      // Where less than one sample would be left, the line ends.
      if (rest * static_cast<double>(row.latencies.count()) < 1) break;
      points +=
          Number(X(nines)) + "," + Number(Y(Log10OfMicros(row.latencies.NanosAt(1 - rest)))) + " ";
    }
    return "<polyline fill=\"none\" stroke-width=\"1.6\" stroke=\"" +
           std::string(ColourOf(row.store)) + "\" points=\"" + points + "\"/>\n";
  }

 private:
  double X(double nines) const {
    return x_ + kLeft + nines / kNinesMax * (kPanelWidth - kLeft - kRight);
  }
  double Y(double decade) const {
    const double part = (decade - decades_.first) / (decades_.last - decades_.first);
    return y_ + kPanelHeight - kBottom - part * (kPanelHeight - kTop - kBottom);
  }

  const double x_;
  const double y_;
  const Decades decades_;
};

std::string TitleOf(const Shape& shape) {
  return BatchInWords(shape) + ", " + WithThousands(static_cast<double>(shape.bytes)) + " B, " +
         std::to_string(shape.callers) + (shape.callers == 1 ? " caller, " : " callers, ") +
         std::string(NameOf(shape.durability));
}

std::string Head(const Machine& machine, const std::vector<Row>& rows, std::size_t panels) {
  const double width = kPanelWidth * kColumns;
  const std::size_t lines = LineOf(std::max<std::size_t>(panels, 1) - 1) + 1;
  const double height = kHeadHeight + kPanelHeight * static_cast<double>(lines);
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + Number(width) +
                    "\" height=\"" + Number(height) + "\" viewBox=\"0 0 " + Number(width) + " " +
                    Number(height) + "\" font-family=\"sans-serif\" font-size=\"11\">\n" +
                    "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n";
  svg += Text(kLeft, 18, "start",
              "latency of a batch in us, by percentile; " + machine.file_system + " on " +
                  machine.device + ", " + std::to_string(machine.cores) + " cores");
  std::vector<StoreKind> named;
  for (const Row& row : rows) {
    if (std::ranges::find(named, row.store) != named.end()) continue;
    const double x = kLeft + 90.0 * static_cast<double>(named.size());
    svg += "<rect x=\"" + Number(x) + "\" y=\"28\" width=\"14\" height=\"4\" fill=\"" +
           ColourOf(row.store) + "\"/>\n";
    svg += Text(x + 19, 34, "start", std::string(NameOf(row.store)));
    named.push_back(row.store);
  }
  return svg;
}

}  // namespace

std::string PlotOf(const Machine& machine, const std::vector<Row>& rows) {
  const Decades decades = DecadesOf(rows);
  std::string panels;
  std::size_t count = 0;
  for (const Row& row : rows) {
    // Tandem's row is the first of each shape.
    if (row.store == StoreKind::kTandem) panels += Panel(count++, decades).Axes(TitleOf(row.shape));
    panels += Panel(count - 1, decades).Curve(row);
  }
  return Head(machine, rows, count) + panels + "</svg>\n";
}

}  // namespace tandem::bench
