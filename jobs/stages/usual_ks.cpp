#include "stages/usual_ks.hpp"

#include <algorithm>
#include <set>

namespace coterie::jobs {
namespace {

constexpr std::int64_t kMostUsual = 30;  // more groups than a person names
constexpr std::int64_t kRowsPerCluster = 4;
constexpr std::int64_t kBlockRows = 256;
constexpr std::int64_t kLeastRange = 4;  // select wants three k to choose from

// Of the usual list for so many rows.
std::int64_t last_usual(std::int64_t rows) {
  const std::int64_t wanted = std::clamp(rows / kRowsPerCluster, kLeastRange, kMostUsual);
  return std::max<std::int64_t>(1, std::min(wanted, rows - 1));
}

std::vector<std::int64_t> ks_until(std::int64_t last) {
  std::vector<std::int64_t> ks;
  for (std::int64_t k = std::min<std::int64_t>(2, last); k <= last; ++k) ks.push_back(k);
  return ks;
}

}  // namespace

std::vector<std::int64_t> ks_to_try(const Options& cluster, std::int64_t rows) {
  if (cluster.given("k")) return cluster.counts("k");
  return ks_until(last_usual(rows));
}

std::vector<std::int64_t> ks_to_try(const Options& cluster, const RowSource& rows, const Communicator& comm) {
  if (cluster.given("k")) return cluster.counts("k");
  const std::int64_t last = last_usual(rows.rows());
  std::int64_t distinct = 0;
  comm.on_root([&] { distinct = distinct_rows(rows, last); });
  comm.broadcast(std::span(&distinct, 1));
  return ks_until(std::min(last, distinct));
}

std::int64_t distinct_rows(const RowSource& rows, std::int64_t most) {
  std::set<std::vector<float>> found;
  std::vector<float> block;
  for (std::int64_t first = 0; first < rows.rows() && std::ssize(found) < most; first += kBlockRows) {
    const RowRange range{first, std::min(first + kBlockRows, rows.rows())};
    block.resize(static_cast<std::size_t>(range.size() * rows.columns()));
    rows.read(range, block.data());
    for (float& value : block) value += 0.0F;  // -0 is 0
    for (auto row = block.begin(); row != block.end() && std::ssize(found) < most; row += rows.columns())
      found.emplace(row, row + rows.columns());
  }
  return std::ssize(found);
}

}  // namespace coterie::jobs
