#!/usr/bin/env python3
"""Draws docs/plots/*.svg from the JSON files of the benchmarks: plots.py <json folder> <svg folder>.

A plot is drawn from the medians of the repetitions, as the tables are; one whose JSON file or
figures are missing is left as it is. The same figures give the same bytes: no date, no host.
"""

import json
import pathlib
import statistics
import sys

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402  (the backend is chosen first)
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator  # noqa: E402

TANDEM, RAW, SHALLOW = "#1f5fa8", "#8a8a8a", "#d0812a"
ENGINES = (("tandem", "Tandem", TANDEM), ("raw", "raw RocksDB", RAW))

plt.rcParams.update({
    "svg.hashsalt": "tandem",
    "svg.fonttype": "none",  # text stays text: small, and found by search
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "sans-serif"],
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.7,
    "lines.linewidth": 1.8,
    "lines.markersize": 4.5,
    "legend.frameon": False,
})


class Figures:
    """What one run of a benchmark has measured."""

    def __init__(self, path):
        self.rows = {}  # name without its suffixes -> counter -> values over the repetitions
        for run in json.loads(path.read_text())["benchmarks"]:
            if run["run_type"] != "iteration" or run.get("error_occurred"):
                continue
            name = run["run_name"].split("/iterations:")[0]
            row = self.rows.setdefault(name, {})
            for counter, value in run.items():
                if isinstance(value, (int, float)):
                    row.setdefault(counter, []).append(value)

    def series(self, prefix, x, y):
        """The points (x, y) of all rows below a prefix, by counters' names, in order of x."""
        points = [(statistics.median(row[x]), statistics.median(row[y]))
                  for name, row in self.rows.items() if name.startswith(prefix + "/")]
        return tuple(zip(*sorted(points))) if points else ((), ())


def short(number, _=None):
    """1000000 -> 1M."""
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if number >= size:
            return f"{number / size:g}{letter}"
    return f"{number:g}"


def line(axes, points, label, color, style="-", marker="o"):
    axes.plot(*points, style, marker=marker, color=color, label=label, clip_on=False)


def label_axes(axes, title, x, ticks):
    axes.set_title(title)
    axes.set_xlabel(x)
    axes.set_xscale("log")
    axes.set_xticks(ticks)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(short))


def from_zero(axes, room=1.15):
    """`room`: for the legend, above the highest point."""
    axes.set_ylim(0, axes.get_ylim()[1] * room)
    axes.yaxis.set_major_formatter(FuncFormatter(short))


def save(figure, path):
    figure.tight_layout(w_pad=2.5)
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    plt.close(figure)
    # matplotlib ends some lines with a blank.
    path.write_text("\n".join(text.rstrip() for text in path.read_text().splitlines()) + "\n")
    print(path)


def plot_depth(queue, path):
    figure, both = plt.subplots(1, 2, figsize=(8, 3.1), sharey=True)
    for axes, kind, what in zip(both, ("waiting", "passed"),
                                ("messages waiting", "messages that have passed")):
        series = {engine: queue.series(kind, "messages", engine + "_dequeue_us")
                  for engine in ("tandem", "shallow", "raw")}
        line(axes, series["tandem"], "Tandem", TANDEM)
        line(axes, series["shallow"], "Tandem at 1,000, meanwhile", SHALLOW, "--", "")
        line(axes, series["raw"], "raw RocksDB, key known", RAW)
        label_axes(axes, f"One dequeue, by {what}", what, series["tandem"][0])
    from_zero(both[0], room=1.4)
    both[0].set_ylabel("µs, buffered")
    both[0].legend(loc="upper left")
    save(figure, path)


def plot_batch(batch, path):
    figure, panels = plt.subplots(1, 3, figsize=(9, 2.9))
    for axes, (kind, figure_name, title) in zip(panels, (
            ("synced", "_per_s", "Batches per second, synced"),
            ("buffered", "_per_s", "Batches per second, buffered"),
            ("synced", "_p50_us", "p50 of one, synced, µs"))):
        for engine, label, color in ENGINES:
            points = batch.series("batch/" + kind, "threads", engine + figure_name)
            line(axes, points, label, color)
        label_axes(axes, title, "threads", points[0])
        from_zero(axes)
    panels[0].legend(loc="upper left")
    save(figure, path)


def plot_append(events, path):
    figure, both = plt.subplots(1, 2, figsize=(8, 3.1), sharey=True)
    for axes, kind in zip(both, ("synced", "buffered")):
        for engine, label, color in ENGINES:
            counts, micros = events.series(f"append/{kind}/1", "events", engine + "_p50_us")
            line(axes, (counts, [cost / count for count, cost in zip(counts, micros)]), label, color)
        label_axes(axes, f"Append, {kind}, one thread", "events of 200 B per append", counts)
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(FuncFormatter(short))
    both[0].set_ylabel("p50, µs per event")
    both[0].legend()
    save(figure, path)


PLOTS = (("queue", "dequeue_depth", plot_depth),
         ("atomic_batch", "atomic_batch", plot_batch),
         ("eventstore", "append", plot_append))


def main(json_folder, svg_folder):
    for benchmark, name, plot in PLOTS:
        source = pathlib.Path(json_folder) / f"{benchmark}.json"
        if not source.exists():
            print(f"{name}.svg is left as it is: ./dev bench {benchmark} has not run",
                  file=sys.stderr)
            continue
        plot(Figures(source), pathlib.Path(svg_folder) / f"{name}.svg")


if __name__ == "__main__":
    main(*sys.argv[1:])
