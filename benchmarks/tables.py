#!/usr/bin/env python3
"""Puts the tables that the benchmarks have printed into a page: tables.py <folder> <page.md>.

The folder's *.txt are the outputs of the benchmarks. In the page, what stands between
`<!-- table: name -->` and `<!-- end of table -->` is replaced by the table of that name; one that
was not printed stays as it is.
"""

import pathlib
import re
import sys

PRINTED = re.compile(r"^table: (\w+)\n((?:\|.*\n)+)", re.MULTILINE)
PLACE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end of table -->)", re.DOTALL)


def main(folder, page_path):
    tables = {}
    for output in sorted(pathlib.Path(folder).glob("*.txt")):
        tables.update(PRINTED.findall(output.read_text()))
    page = pathlib.Path(page_path)
    text = page.read_text()
    for _, name, _ in PLACE.findall(text):
        if name not in tables:
            print(f"the table {name} stays as it is: no benchmark has printed it", file=sys.stderr)
    page.write_text(PLACE.sub(
        lambda place: place[1] + tables[place[2]] + place[3] if place[2] in tables else place[0],
        text))
    print(page)


if __name__ == "__main__":
    main(*sys.argv[1:])
