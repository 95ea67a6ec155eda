#pragma once

// The forms in which a measurement is reported. Each text ends its last line.

#include <string>
#include <vector>

#include "tandem/cli/bench/figures.h"
#include "tandem/cli/bench/machine.h"
#include "tandem/cli/bench/plan.h"

namespace tandem::bench {

// Two lines that say what was measured, and where.
std::string HeadOf(const Plan& plan, const Machine& machine);

// A table for people. Bytes and callers have columns if the sweep has several of them; so has
// TANDEM/IT, Tandem's p50 by that of the row, if something stands beside Tandem.
std::string TableOf(const Plan& plan, const std::vector<Row>& rows);

// A line with the columns' names, then one a row; numbers without separators of thousands.
std::string CsvOf(const Machine& machine, const std::vector<Row>& rows);

// One document: "setup", and "rows" with a histogram each.
std::string JsonOf(const Plan& plan, const Machine& machine, const std::vector<Row>& rows);

// "12,481"
std::string WithThousands(double number);

}  // namespace tandem::bench
