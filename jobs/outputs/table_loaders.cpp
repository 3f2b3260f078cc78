#include "outputs/table_loaders.hpp"

#include <fmt/format.h>

#include "coterie/base/new_file.hpp"

namespace coterie::jobs {
namespace {

constexpr const char* kR = R"(# Loads the tables beside this script, which coterie export wrote:  source("load.R")
frames <- lapply(sys.frames(), function(frame) frame$ofile)
script <- unlist(Filter(Negate(is.null), frames))
arguments <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
script <- c(script, arguments, "load.R")[1]
folder <- dirname(script)

# A field that a spreadsheet would run as a formula has an apostrophe in front.
exact <- function(column) if (is.character(column)) sub("^'", "", column) else column
read_table <- function(name) {
  table <- read.csv(file.path(folder, name), check.names = FALSE, encoding = "UTF-8",
                    stringsAsFactors = FALSE, na.strings = character(0))
  names(table) <- exact(names(table))
  table[] <- lapply(table, exact)
  table
}

assignments <- read_table("assignments.csv")
assignments$label <- factor(assignments$label, levels = 0:(@K@ - 1))
skipped <- if (file.exists(file.path(folder, "skipped.csv"))) read_table("skipped.csv")
cluster_names <- if (file.exists(file.path(folder, "names.csv"))) read_table("names.csv")
)";

constexpr const char* kPython =
    R"("""Loads the tables beside this script, which coterie export wrote:  from load import assignments"""

import os

import numpy
import pandas

FOLDER = os.path.dirname(os.path.abspath(__file__))


def read_table(name):
    """A table with its texts as they were: a field that a spreadsheet would run as a formula has an apostrophe in front."""
    table = pandas.read_csv(os.path.join(FOLDER, name), keep_default_na=False)
    exact = lambda value: value[1:] if isinstance(value, str) and value.startswith("'") else value
    return table.map(exact).rename(columns=exact) if hasattr(table, "map") else table.applymap(exact).rename(columns=exact)


def there(name):
    return os.path.exists(os.path.join(FOLDER, name))


assignments = read_table("assignments.csv")
assignments["label"] = pandas.Categorical(assignments["label"], categories=range(@K@))
skipped = read_table("skipped.csv") if there("skipped.csv") else None
cluster_names = read_table("names.csv") if there("names.csv") else None
features = numpy.load(os.path.join(FOLDER, "features.npy")) if there("features.npy") else None
linkage = numpy.load(os.path.join(FOLDER, "linkage.npy")) if there("linkage.npy") else None
)";

void write_script(const std::string& path, std::string text, std::int64_t k) {
  const std::string place = "@K@";
  text.replace(text.find(place), place.size(), fmt::to_string(k));
  write_new_file(path, text);
}

}  // namespace

void write_r_loader(const std::string& path, std::int64_t k) { write_script(path, kR, k); }
void write_python_loader(const std::string& path, std::int64_t k) { write_script(path, kPython, k); }

}  // namespace coterie::jobs
