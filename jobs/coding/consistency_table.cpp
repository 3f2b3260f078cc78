#include "coding/consistency_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "coterie/base/csv.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/base/number.hpp"

namespace coterie::jobs {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

class Columns {
 public:
  Columns(const CsvTable& table, const std::string& path) : table_(table), path_(path) {}

  /// The first of these names that there is; -1: none.
  std::ptrdiff_t find(std::initializer_list<const char*> names) const {
    for (const char* name : names) {
      const auto found = std::find(table_.header.begin(), table_.header.end(), name);
      if (found != table_.header.end()) return found - table_.header.begin();
    }
    return -1;
  }

  std::string text(std::size_t row, std::ptrdiff_t column) const {
    return column < 0 ? "" : table_.rows[row][static_cast<std::size_t>(column)];
  }

  /// A number in [least, most]; NaN of an empty field.
  double number(std::size_t row, std::ptrdiff_t column, double least, double most) const {
    const std::string field = text(row, column);
    if (column < 0 || is_missing(field)) return kNone;
    // Not by parse_number, whose float has another .85 than a double.
    const auto value = parse_as<double>(field, least, most);
    if (!value)
      throw FileError(path_,
                      fmt::format("line {}: \"{}\" is no number from {} to {}", table_.lines[row], field, least, most));
    return *value;
  }

 private:
  const CsvTable& table_;
  const std::string& path_;
};

}  // namespace

double ConsistencyRow::mean() const {
  double sum = 0, count = 0;
  for (const double share : shares) {
    if (std::isnan(share)) continue;
    sum += share;
    ++count;
  }
  return sum / count;
}

std::string ConsistencyRow::name() const {
  return fmt::format("{}{}{}, K = {}", model, model.empty() || dataset.empty() ? "" : " ", dataset, k);
}

std::vector<AgreementBar> agreement_bars(const std::vector<KappaRow>& kappas) {
  std::vector<AgreementBar> bars;
  for (const auto& row : kappas)
    bars.push_back({fmt::to_string(row.k), row.dataset, row.model, row.kappa, kNone, kNone});
  return bars;
}

PublishedTable read_published_table(const std::string& path, double per_cluster) {
  const CsvTable table = read_csv(path);
  const Columns columns(table, path);
  const auto model = columns.find({"Algorithm", "algorithm", "model"}), dataset = columns.find({"Dataset", "dataset"}),
             k = columns.find({"# of clusters", "N", "k", "K"}), kappa = columns.find({"kappa", "Kappa"}),
             first = columns.find({"Cluster 1", "cluster_1"}), average = columns.find({"Average", "average"});
  if (k < 0 || (kappa < 0 && first < 0))
    throw FileError(path, fmt::format("wants columns \"# of clusters\" and \"Cluster 1\" ..., or kappa; it has {}",
                                      fmt::join(table.header, ", ")));
  PublishedTable found;
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    const double clusters = columns.number(row, k, 1, 1000);
    if (std::isnan(clusters)) throw FileError(path, fmt::format("line {} has no number of clusters", table.lines[row]));
    const auto whole = static_cast<std::int64_t>(clusters);
    if (first < 0) {
      found.kappas.push_back(
          {columns.text(row, model), columns.text(row, dataset), whole, columns.number(row, kappa, -1, 1)});
      continue;
    }
    ConsistencyRow own{columns.text(row, model), columns.text(row, dataset), whole, {}, kNone, 0};
    for (std::int64_t c = 0; c < whole && first + c < std::ssize(table.header) && first + c != average; ++c)
      own.shares.push_back(columns.number(row, first + c, 0, 1));
    own.average = columns.number(row, average, 0, 1);
    own.images = per_cluster * clusters;
    if (std::isnan(own.mean()))
      throw FileError(path, fmt::format("line {} has no share of any cluster", table.lines[row]));
    found.consistencies.push_back(std::move(own));
  }
  return found;
}

}  // namespace coterie::jobs
