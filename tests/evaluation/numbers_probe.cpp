// Runs reduction and evaluation on .npy files for tests/oracle/numbers_oracle.py:
//   numbers_probe pca ROWS none|standard|l2 COMPONENTS VARIANCE covariance|tsqr OUT_PREFIX
//   numbers_probe evaluate ROWS LABELS OTHER_LABELS OUT_PREFIX
// Writes PREFIX_*.npy, float64, from rank 0.

#include <algorithm>
#include <string>

#include "coterie/base/blas.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/evaluation/agreement.hpp"
#include "coterie/evaluation/indices.hpp"
#include "coterie/evaluation/silhouette.hpp"
#include "coterie/reduction/pca.hpp"
#include "probe_files.hpp"

namespace coterie {
namespace {

void run_pca(const Arguments& a, ThreadPool& pool) {
  const Rows rows(a.at(1));
  const auto& world = Communicator::world();
  const PcaOptions options{.normalise = a.at(2) == "l2"         ? Normalise::l2
                                        : a.at(2) == "standard" ? Normalise::standard
                                                                : Normalise::none,
                           .components = std::stoll(a.at(3)),
                           .variance = std::stod(a.at(4)),
                           .solver = a.at(5) == "tsqr" ? PcaSolver::tsqr : PcaSolver::covariance};
  const Pca pca = fit_pca(rows.source(), options, world, pool);
  std::vector<float> own;
  project_rows(rows.source(), pca, world, pool, [&](RowRange range, const float* values) {
    own.insert(own.end(), values, values + range.size() * pca.count());
  });
  const auto projected = world.gather_all(std::span<const float>(own));
  write(a.at(6), "components", pca.components);
  write(a.at(6), "variance", pca.explained_variance);
  write(a.at(6), "ratio", pca.explained_variance_ratio);
  write(a.at(6), "singular", pca.singular_values);
  write(a.at(6), "projected", {projected.begin(), projected.end()});
}

Labelling labelling_of(const std::vector<std::int32_t>& labels) {
  return {labels, *std::max_element(labels.begin(), labels.end()) + 1};
}

void run_evaluate(const Arguments& a, ThreadPool& pool) {
  const Rows rows(a.at(1));
  const auto labels = read_npy<std::int32_t>(a.at(2)), other = read_npy<std::int32_t>(a.at(3));
  const auto& world = Communicator::world();
  const std::vector<Labelling> labellings{labelling_of(labels), labelling_of(other)};
  const auto results = silhouettes(rows.source(), labellings, world, pool);
  write(a.at(4), "silhouette", results[0].values);
  write(a.at(4), "other_silhouette", results[1].values);
  const auto indices = cluster_indices(rows.source(), labellings[0], world, pool);
  write(a.at(4), "scores", {indices.inertia, indices.calinski_harabasz, indices.davies_bouldin});
  const Agreement g = agreement(contingency(labels, other));
  write(a.at(4), "agreement",
        {g.adjusted_rand, g.normalised_mutual_info, g.adjusted_mutual_info, g.homogeneity, g.completeness, g.v_measure,
         g.purity});
}

}  // namespace
}  // namespace coterie

int main(int argc, char** argv) {
  using namespace coterie;
  Communicator::world();
  use_single_threaded_blas();
  try {
    const Arguments arguments(argv + 1, argv + argc);
    ThreadPool pool(2);
    require(!arguments.empty() && (arguments[0] == "pca" || arguments[0] == "evaluate"), "say pca or evaluate first");
    arguments[0] == "pca" ? run_pca(arguments, pool) : run_evaluate(arguments, pool);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "numbers_probe: %s\n", error.what());
    Communicator::abort(1);
  }
  Communicator::finalize();
}
