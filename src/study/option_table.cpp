#include "coterie/study/option_table.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <system_error>

#include "coterie/base/errors.hpp"
#include "coterie/base/nearest_name.hpp"

namespace coterie {
namespace {

using enum OptionType;
constexpr double kMost = std::numeric_limits<double>::infinity();
constexpr double kMaxCount = 1e15;

constexpr Option kTable[] = {
    // Where and how
    {"study", "*", text, "", "DIR", "the study's folder; made when it is not there"},
    {"threads", "*", count, "0", "N", "threads of each rank; 0: the cores it is bound to, shared among the ranks", 0,
     4096},
    {"memory", "*", size, "auto", "SIZE",
     "memory that a rank may use for its rows; auto: half the node's, shared by its ranks"},
    {"overwrite", "*", flag, "false", "", "replace an artifact that was made by another recipe"},
    {"dry-run", "*", flag, "false", "", "say what would be done, and do nothing"},
    {"hdf5-alignment", "*", size, "auto", "SIZE",
     "files that are written begin large datasets at multiples of it; auto: 1 MiB on Lustre and BeeGFS, 4 MiB on GPFS, "
     "else 0: wherever they fit (docs/storage.md)"},
    {"dump-config", "*", flag, "false", "",
     "print the complete effective configuration as an INI file, and do nothing"},

    // scan
    {"images", "scan assign plan submit", text, "", "PATH",
     "a folder (searched through, tars in it, too), a .tar, .tar.gz or .tgz, a pattern of them such as "
     "'shards/{00..99}.tar', a text file of paths, or a CSV with a column of paths"},
    {"root", "scan assign", text, "", "DIR",
     "the folder that paths in a list are relative to; default: the list's own"},
    {"path-column", "scan import assign", text, "", "NAME",
     "the CSV column of paths; default: path, filename, file or image"},
    {"max-pixels", "scan assign", count, "500000000", "PIXELS", "larger images are recorded as too large, not decoded",
     1, 1e12},
    {"max-bytes", "scan assign", size, "2GiB", "SIZE", "larger files are recorded as too large, not read"},
    {"duplicates", "scan", choice, "keep", "",
     "files equal byte for byte: keep them all, or leave out all but the first", 0, kMost, "keep|skip"},

    // extract
    {"backbone", "extract info plan", text, "efficientnet_lite0", "NAME,...",
     "the network, or several, which decode each image once; coterie info --backbone NAME shows one"},
    {"layer", "extract plan", text, "", "NAME,...",
     "the layers whose outputs are features, an artifact for each; with several networks also NETWORK:LAYER; default: "
     "each network's usual one"},
    {"weights", "extract assign plan", text, "", "FILE",
     "the weight file (.pth, .h5, .pb, .safetensors), with several networks NETWORK=FILE,...; or random:SEED for "
     "tests; "
     "default: what tools/fetch_weights fetched"},
    {"device", "extract assign", choice, "auto", "", "where the network runs; auto takes a GPU where there is one", 0,
     kMost, "auto|cpu|cuda"},
    {"precision", "extract assign", choice, "fp32", "",
     "what the network computes in; tf32 and fp16 on GPUs only; auto: the fastest that this device is made for", 0,
     kMost, "auto|fp32|tf32|bf16|fp16"},
    {"batch", "extract assign", count, "0", "N",
     "images in one run of the network on a CPU; 0: found by a short measurement", 0, 1024},
    {"gpu-batch", "extract assign", count, "64", "N",
     "images in one run of the network on a GPU; halved by itself when its memory is short", 1, 65536},
    {"share-weights", "extract assign", choice, "auto", "",
     "one copy of a network's weights for all ranks of a node (CPU, fp32); auto: where copies would take over 5 % of "
     "its memory",
     0, kMost, "auto|yes|no"},
    {"preprocess", "extract assign plan", text, "", "KEY=VALUE,...",
     "departures from the backbone's own preprocessing, such as filter=bilinear"},
    {"exif", "extract assign plan", choice, "backbone", "",
     "the rotation that a camera wrote into the file; backbone: as its origin does", 0, kMost, "backbone|apply|ignore"},
    {"alpha", "extract assign plan", choice, "backbone", "",
     "transparency: put on white, on black, or dropped; backbone: as its origin does", 0, kMost,
     "backbone|white|black|drop"},
    {"fast-decode", "extract assign plan", flag, "false", "",
     "decode JPEGs at a half, a quarter or an eighth where that is large enough; changes pixels slightly"},
    {"decode-threads", "extract assign", count, "0", "N",
     "more threads that only decode: for slow disks; 0: the --threads themselves decode between batches, and beside a "
     "GPU there are as many as --threads",
     0, 4096},

    // import
    {"file", "import assign", text, "", "FILE",
     "features made elsewhere: .npy (N x D), .csv/.tsv (a number in each column), or .h5"},
    {"dataset", "import assign", text, "features", "NAME", "the dataset inside an .h5 file"},
    {"names", "import assign", text, "", "FILE",
     "one name for each row: a text file, or a CSV whose other columns are kept as labels"},

    // which artifact
    {"features", "reduce cluster export", text, "", "NAME", "the features to read; default: the newest"},
    {"reduction", "cluster", text, "", "NAME", "the reduction to read; default: the newest"},
    {"clustering", "evaluate select assign montage report export", text, "", "NAME",
     "the clustering to read; default: the newest"},
    {"name", "extract import reduce cluster compare assign", text, "", "NAME",
     "what to call the artifact; default: made from its input"},

    // reduce
    {"normalize", "reduce", choice, "l2", "", "before the PCA: columns to mean 0 and deviation 1, or rows to length 1",
     0, kMost, "none|standard|l2"},
    {"components", "reduce plan", count, "32", "N", "principal components to keep; 0: all, or as --variance says", 0,
     kMaxCount},
    {"variance", "reduce", real, "0", "SHARE",
     "keep the fewest components that explain this share (0.95), at most --components; "
     "0: not used",
     0, 1},
    {"solver", "reduce", choice, "auto", "",
     "how the components are found. Exact: covariance (singular values good to 1e-8 of the largest), tsqr (to 1e-15), "
     "gram (for more columns than rows). Approximate: randomized, incremental (one pass). auto: the cheapest by the "
     "shape, and tells which",
     0, kMost, "auto|covariance|tsqr|gram|randomized|incremental"},
    {"power-iterations", "reduce", count, "", "N",
     "randomized: passes that sharpen it; default: 7 for few components, else 4", 0, 1000},
    {"whiten", "reduce", flag, "false", "", "after the PCA: components to variance 1"},
    {"normalize-after", "reduce", choice, "l2", "", "after that: rows to length 1, or nothing", 0, kMost, "none|l2"},

    // cluster
    {"algorithm", "cluster plan", choice, "k-means", "",
     "k-means; mini-batch (k-means on drawn rows, for millions); ward (a tree that every k is cut from); mixture (of "
     "Gaussians, with a probability for each cluster)",
     0, kMost, "k-means|mini-batch|ward|mixture"},
    {"raw", "cluster", flag, "false", "", "cluster the features themselves, without a reduction"},
    {"k", "cluster plan select assign montage report export", counts, "", "K",
     "the number of clusters, or several: 8 or 6,8,10 or 5-20", 1, kMaxCount},
    {"n-init", "cluster plan", count, "", "N",
     "runs from different seeds, of which the best is kept; default: 10, mini-batch 3, mixture 1", 1, 10000},
    {"tol", "cluster", real, "", "SHARE",
     "k-means: stop when centroids move less, relative to the mean column variance; 0: when no label changes; default: "
     "1e-4. mixture: stop when the mean log-likelihood gains less; default: 1e-3",
     0, 1},
    {"max-iter", "cluster", count, "", "N",
     "iterations of one run at most (mini-batch: passes' worth of rows); default: 300, mini-batch and mixture 100", 1,
     1e9},
    {"seeding", "cluster", choice, "plus-plus", "",
     "the first centroids: greedy k-means++, or k-means||, which reads the rows fewer times (for a large k)", 0, kMost,
     "plus-plus|parallel"},
    {"warm-start", "cluster", flag, "false", "",
     "k-means: start each k from the solution before it, once, instead of --n-init times anew"},
    {"covariance", "cluster", choice, "full", "",
     "mixture: one matrix each, one for all, diagonals, or one variance each", 0, kMost,
     "full|tied|diagonal|spherical"},
    {"regularization", "cluster", real, "1e-6", "VARIANCE", "mixture: added to each variance, so that none vanishes", 0,
     kMost},
    {"batch-rows", "reduce cluster", count, "0", "ROWS",
     "rows of one step; 0: mini-batch 1024, incremental PCA 5 times the columns", 0, kMaxCount},
    {"seed", "reduce cluster select montage report export", count, "1", "N",
     "the seed of all random draws of this command", 0, 9e15},

    // evaluate, select and compare
    {"labels", "evaluate select compare", text, "", "COLUMN",
     "metadata columns to compare the clusters with, such as folder; several: a,b"},
    {"silhouette-sample", "select", count, "0", "IMAGES",
     "take the mean silhouette over so many drawn images; 0: over all up to 50,000, else over 10,000", 0, kMaxCount},
    {"bootstrap", "select", count, "20", "N",
     "k-means: resamples to cluster, for the stability of each k; 0: none. Costs as much as --n-init N", 0, 1000},
    {"gap", "select", count, "10", "N",
     "k-means: uniform data sets to compare the inertia with (gap statistic); 0: none", 0, 1000},
    {"figures", "select compare", flag, "true", "", "draw charts into figures/, too"},
    {"clusterings", "compare", text, "", "NAME[:K],...",
     "what to compare, each with all its k or one; default: all of the study"},
    {"silhouette", "evaluate", flag, "true", "",
     "the exact silhouette of every image (work grows with the square of their number)"},

    // run
    {"stages", "run", text, "", "STAGE,...", "only these stages of the file, for one job of several; default: all"},

    // plan
    {"image-count", "plan submit", count, "", "N",
     "how many images there will be; default: as many as the study file lists, without one 100,000", 1, kMaxCount},
    {"ranks", "plan", count, "64", "N", "the most ranks of the allocation", 1, 1e6},
    {"calibrate", "plan", flag, "false", "",
     "measure this node with this study, one to three minutes, and keep the result in the file of --calibration "
     "(coterie-calibration.json)"},
    {"calibration", "plan submit", text, "", "FILE",
     "what --calibrate found on a node of the kind that will run; without it this node is measured now"},
    {"table", "plan", text, "", "FILE", "write the times as a CSV, too: stage, ranks, seconds, work and messages"},
    {"images-per-second", "plan submit", real, "", "RATE",
     "of the network on one rank, where it is known (a GPU's, say); default: measured here on the CPU", 0, 1e9},
    {"latency", "plan", real, "", "SECONDS", "of a message; default: measured among these ranks, on one 2e-6", 0, 1},
    {"bandwidth", "plan", real, "", "BYTES/S", "of a rank's link; default: measured among these ranks, on one 1e10", 1,
     1e15},

    // submit
    {"nodes", "submit", count, "1", "N", "nodes of the allocation", 1, 1e6},
    {"ranks-per-node", "submit", count, "", "N", "ranks of each; default: as many as were measured", 1, 4096},
    {"cpus-per-rank", "submit", count, "", "N", "cores of each rank; default: as many threads as were measured", 1,
     4096},
    {"gpus-per-rank", "submit", count, "0", "N", "GPUs of each rank", 0, 16},
    {"partition", "submit", text, "", "NAME", "the partition; default: the cluster's"},
    {"account", "submit", text, "", "NAME", "the account that pays; default: yours"},
    {"time", "submit", text, "", "LIMIT",
     "time limit of one job, as Slurm writes it (12:00:00); a shorter one than the study needs makes several jobs; "
     "default: the "
     "plan's time with --margin and ten minutes"},
    {"margin", "submit", real, "1.5", "FACTOR", "on the time that is foretold", 1, 100},
    {"template", "submit", text, "", "FILE", "a batch script of your own to fill in; default: slurm/study.sbatch"},
    {"script", "submit", text, "", "FILE",
     "where to write the filled script; default: beside the study file, as .sbatch"},
    {"yes", "submit", flag, "false", "", "submit it; otherwise it is only shown and written"},

    // montage and report
    {"preset", "montage", choice, "plain", "",
     "how to draw; peng: as Peng's studies did, 20 to a row, squares of 300 pixels", 0, kMost, "plain|peng"},
    {"tile", "montage", count, "0", "PIXELS", "the side of an image's square; 0: 150, with --preset peng 300", 0, 2000},
    {"rows", "montage report", count, "0", "N",
     "rows of nearest and rows of random images for each cluster; 0: 2, with --preset peng 1", 0, 1000},
    {"columns", "montage report", count, "0", "N", "images in a row; 0: 10, with --preset peng 20", 0, 200},
    {"title", "report", text, "", "TEXT", "the report's title; default: the study's name"},

    // tables
    {"exact", "export assign", flag, "false", "",
     "write paths and values as they are; default: an apostrophe before what a spreadsheet would run as a formula"},

    // assign
    {"outlier", "assign", real, "0.01", "SHARE",
     "flag an image that lies farther out than all but this share of the study's own in its cluster", 0, 1},

    // export
    {"threshold", "export", real, "0.2", "P",
     "mixture: an image is in more than one cluster when two probabilities exceed this", 0, 1},
    {"to", "export", text, "", "DIR", "where to write; default: tables/ in the study"},
    {"write-features", "export", flag, "false", "", "write the features, too, as features.npy"},
    {"pictures", "export", choice, "none", "",
     "a folder for each cluster, with links to its images, copies, or copies of a sample", 0, kMost,
     "none|links|copies|sample"},
    {"sample", "export", count, "20", "N", "images of a cluster in a sample (drawn with --sample-seed)", 1, kMaxCount},
    {"sample-seed", "export", count, "42", "N", "the seed of the sample", 0, 9e15},
};

[[noreturn]] void refuse(const Option& option, const std::string& given, const std::string& wanted) {
  throw InvalidArgument(fmt::format("--{} is \"{}\", must be {}", option.name, given, wanted));
}

template <typename T>
bool parse_whole(const std::string& given, T& value) {
  const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), value);
  return error == std::errc() && end == given.data() + given.size();
}

std::string range_text(const Option& option, const char* what) {
  if (std::isinf(option.most) || option.most >= kMaxCount) return fmt::format("{} of at least {}", what, option.least);
  return fmt::format("{} from {} to {}", what, option.least, option.most);
}

std::vector<std::string> split(std::string_view list, char delimiter) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(delimiter, begin), list.size());
    parts.emplace_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

}  // namespace

std::span<const Option> option_table() { return kTable; }

bool takes(std::string_view command, const Option& option) {
  if (option.commands == "*" || command == "run") return true;
  const auto commands = split(option.commands, ' ');
  return std::find(commands.begin(), commands.end(), command) != commands.end();
}

const Option& find_option(std::string_view command, const std::string& name) {
  std::vector<std::string> known;
  for (const auto& option : option_table()) {
    if (!takes(command, option)) continue;
    if (option.name == name) return option;
    known.emplace_back(option.name);
  }
  throw InvalidArgument(fmt::format("{} knows no option \"{}\"{}", command, name, did_you_mean(name, known)));
}

void check_value(const Option& option, const std::string& given) {
  switch (option.type) {
    case text:
      break;
    case flag:
      if (given != "true" && given != "false") refuse(option, given, "true or false");
      break;
    case count: {
      std::int64_t value = 0;
      if (!parse_whole(given, value) || static_cast<double>(value) < option.least ||
          static_cast<double>(value) > option.most)
        refuse(option, given, range_text(option, "a whole number"));
      break;
    }
    case real: {
      double value = 0;
      if (!parse_whole(given, value) || !(value >= option.least && value <= option.most))
        refuse(option, given, range_text(option, "a number"));
      break;
    }
    case size:
      if (given != "auto") parse_size(given);
      break;
    case choice: {
      const auto choices = split(option.choices, '|');
      if (std::find(choices.begin(), choices.end(), given) == choices.end())
        refuse(option, given, fmt::format("one of {}{}", fmt::join(choices, ", "), did_you_mean(given, choices)));
      break;
    }
    case counts:
      if (given.empty()) break;
      for (const auto value : parse_counts(given))
        if (static_cast<double>(value) < option.least) refuse(option, given, range_text(option, "whole numbers"));
      break;
  }
}

std::int64_t parse_size(const std::string& given) {
  double number = 0;
  const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), number);
  const std::string unit(end, given.data() + given.size());
  constexpr std::pair<std::string_view, double> kUnits[] = {
      {"", 1},         {"B", 1},        {"KB", 1e3},     {"MB", 1e6},   {"GB", 1e9},   {"TB", 1e12},  {"KiB", 0x1p10},
      {"MiB", 0x1p20}, {"GiB", 0x1p30}, {"TiB", 0x1p40}, {"K", 0x1p10}, {"M", 0x1p20}, {"G", 0x1p30}, {"T", 0x1p40}};
  for (const auto& [name, factor] : kUnits)
    if (error == std::errc() && unit == name && number >= 0 && number * factor < 0x1p62)
      return static_cast<std::int64_t>(number * factor);
  throw InvalidArgument(fmt::format("\"{}\" is no size; write it as 500MB or 4GiB", given));
}

std::vector<std::int64_t> parse_counts(const std::string& given) {
  std::set<std::int64_t> values;
  for (const auto& part : split(given, ',')) {
    const std::size_t dash = part.find('-', 1);
    std::int64_t first = 0, last = 0;
    const bool good = parse_whole(part.substr(0, dash), first) &&
                      (dash == std::string::npos ? (last = first, true) : parse_whole(part.substr(dash + 1), last));
    require(good && first <= last, "\"{}\" is no list of whole numbers; write it as 8 or 6,8,10 or 5-20", given);
    require(last - first < 100'000, "\"{}\" lists more than 100,000 numbers", given);
    for (auto value = first; value <= last; ++value) values.insert(value);
  }
  return {values.begin(), values.end()};
}

}  // namespace coterie
