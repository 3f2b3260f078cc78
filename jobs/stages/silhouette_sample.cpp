#include "stages/silhouette_sample.hpp"

#include <algorithm>

namespace coterie::jobs {
namespace {

constexpr std::int64_t kExactRows = 50'000;   // silhouettes of so many images are taken in minutes
constexpr std::int64_t kSampleRows = 10'000;  // beyond: a standard error of about 0.002

}  // namespace

std::int64_t silhouette_sample(const Options& options, std::int64_t rows) {
  const std::int64_t asked = options.count("silhouette-sample");
  if (asked > 0) return std::min(asked, rows);
  return rows <= kExactRows ? rows : kSampleRows;
}

double silhouette_share(const Options& options, std::int64_t rows) {
  const std::int64_t sample = silhouette_sample(options, rows);
  return sample == rows ? 1 : 2 * static_cast<double>(sample) / static_cast<double>(rows);
}

}  // namespace coterie::jobs
