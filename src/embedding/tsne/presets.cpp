#include <algorithm>
#include <limits>

#include "coterie/base/errors.hpp"
#include "coterie/embedding/tsne.hpp"

namespace coterie::inline embedding {
namespace {

/// What openTSNE's learning rate is times to be scikit-learn's: its gradient carries this factor.
double sklearn_factor(double degrees_of_freedom) { return 2 * (degrees_of_freedom + 1) / degrees_of_freedom; }

TsneParameters sklearn(int dimensions, double its_learning_rate) {
  TsneParameters made;
  made.degrees_of_freedom = std::max(dimensions - 1, 1);
  const double rate = its_learning_rate * sklearn_factor(made.degrees_of_freedom);
  made.early = {250, 12, 0.5, rate, true, 250};
  made.late = {750, 1, 0.8, rate, true, 300};
  made.gain_floor = 0.01;
  made.gain_lift = 0;
  made.rest_counts_as_turn = true;
  made.longest_step = std::numeric_limits<double>::infinity();
  made.centred = false;
  made.gradient_floor = 1e-7;
  return made;
}

}  // namespace

TsneParameters tsne_preset(const std::string& preset, std::int64_t rows, int dimensions) {
  TsneParameters made;
  if (preset == "sklearn-2019") made = sklearn(dimensions, 200);
  if (preset == "sklearn") made = sklearn(dimensions, std::max(static_cast<double>(rows) / 12 / 4, 50.0));
  if (preset == "umap-like") made.late.exaggeration = 4;
  require(preset == "opentsne" || preset == "sklearn-2019" || preset == "sklearn" || preset == "umap-like",
          "there is no preset \"{}\" of t-SNE, only opentsne, sklearn, sklearn-2019, umap-like", preset);
  made.dimensions = dimensions;
  return made;
}

}  // namespace coterie::inline embedding
