#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "coterie/report/chart.hpp"

namespace coterie::inline report {

// Charts as published studies drew them, for `export --as`: their sizes, colours and words. Those of today's reports
// are chart.hpp's.

/// How many images each cluster has, as figure 8 of Zhang & Peng (SMR 53(3), 2024): horizontal bars, the first at the
/// bottom, the number at the end of each. `names[c]` is what stands beside bar c. Empty without a bar. Throws
/// InvalidArgument for vectors of different lengths.
Chart named_counts_chart(const std::vector<std::string>& names, const std::vector<std::int64_t>& counts);
inline constexpr int kNamedCountsWidth = 2268, kNamedCountsHeight = 1962;  ///< px of the published picture

/// The inertia for each k as tringn/image_clustering draws it: a green line, "Value of K", "Squared Error (Cost)".
Chart cost_chart(const std::vector<std::int64_t>& k, const std::vector<double>& inertia);

/// A map's positions as the same study draws them: large dots with white edges, half transparent, axes pc1 and pc2 (and
/// pc3, where z is not empty).
Chart positions_chart(const std::vector<double>& x, const std::vector<double>& y, const std::vector<double>& z = {});

/// The mean silhouette for each k as luoolu/unsupervised_img_clustering draws it; NaN are left out.
Chart silhouette_scores_chart(const std::vector<std::int64_t>& k, const std::vector<double>& scores);
inline constexpr int kScoresWidth = 640, kScoresHeight = 480;  ///< px of the published picture

/// Bags of words of some images of a label, laid over each other, as rmsander/spatial_LDA draws them: a translucent bar
/// for each word's count. Empty without a bag. Throws InvalidArgument for bags of different lengths.
Chart bags_chart(const std::string& label, const std::vector<std::vector<double>>& bags);

/// One solution with its silhouettes, as scikit-learn's example of silhouette analysis draws it and the same study
/// took it over: on the left each image's silhouette by cluster, on the right the first two features.
struct SilhouettePanels {
  std::int64_t k = 0;
  std::vector<std::int32_t> labels;           ///< N, in [0, k)
  std::vector<float> silhouettes;             ///< N
  std::vector<float> x, y;                    ///< N each
  std::vector<float> centroid_x, centroid_y;  ///< k each
};
Chart silhouette_panels_chart(const SilhouettePanels& panels);
inline constexpr int kPanelsWidth = 1800, kPanelsHeight = 700;  ///< px of the published picture

}  // namespace coterie::inline report
