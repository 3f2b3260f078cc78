#include "stages/usual_ks.hpp"

#include <algorithm>

namespace coterie::jobs {
namespace {

constexpr std::int64_t kMostUsual = 30;  // more groups than a person names
constexpr std::int64_t kRowsPerCluster = 4;
constexpr std::int64_t kLeastRange = 4;  // select wants three k to choose from

}  // namespace

std::vector<std::int64_t> ks_to_try(const Options& cluster, std::int64_t rows) {
  if (cluster.given("k")) return cluster.counts("k");
  const std::int64_t wanted = std::clamp(rows / kRowsPerCluster, kLeastRange, kMostUsual);
  const std::int64_t last = std::max<std::int64_t>(1, std::min(wanted, rows - 1));
  std::vector<std::int64_t> ks;
  for (std::int64_t k = std::min<std::int64_t>(2, last); k <= last; ++k) ks.push_back(k);
  return ks;
}

}  // namespace coterie::jobs
