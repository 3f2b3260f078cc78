// Runs the evidence for k on .npy files for tests/oracle/evaluation_oracle.py:
//   evaluation_probe silhouettes ROWS LABELS MEMORY_BYTES SAMPLE OUT_PREFIX    exact, sampled and simplified
//   evaluation_probe indices ROWS LABELS OUT_PREFIX
//   evaluation_probe agreement LABELS OTHER_LABELS OUT_PREFIX                  and the matching
//   evaluation_probe knee PLACES VALUES OUT_PREFIX
//   evaluation_probe gap ROWS MOST_K REFERENCES OUT_PREFIX
//   evaluation_probe stability ROWS K REPLICATES OUT_PREFIX
// Writes PREFIX_*.npy, float64, from rank 0. LABELS are int32.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>

#include "coterie/base/blas.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/evaluation/agreement.hpp"
#include "coterie/evaluation/gap.hpp"
#include "coterie/evaluation/indices.hpp"
#include "coterie/evaluation/knee.hpp"
#include "coterie/evaluation/matching.hpp"
#include "coterie/evaluation/silhouette.hpp"
#include "coterie/evaluation/stability.hpp"
#include "probe_files.hpp"

namespace coterie {
namespace {

const Communicator& world() { return Communicator::world(); }

Labelling labelling_of(const std::vector<std::int32_t>& labels) { return {labels, std::ranges::max(labels) + 1}; }

void run_silhouettes(const Arguments& a, ThreadPool& pool) {
  const Rows rows(a.at(1));
  const auto labels = read_npy<std::int32_t>(a.at(2));
  const std::vector<Labelling> labellings{labelling_of(labels)};
  const auto exact = silhouettes(rows.source(), labellings, world(), pool, std::stoll(a.at(3)))[0];
  write(a.at(5), "exact", exact.values);
  const auto simple = simplified_silhouette(rows.source(), labellings[0], world(), pool);
  write(a.at(5), "simplified", simple.values);
  std::vector<double> means{exact.mean, simple.mean};
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const auto found = sampled_silhouettes(rows.source(), labellings, std::stoll(a.at(4)), seed, world(), pool)[0];
    means.push_back(found.mean), means.push_back(found.error);
  }
  write(a.at(5), "means", means);
}

void run_indices(const Arguments& a, ThreadPool& pool) {
  const Rows rows(a.at(1));
  const auto labels = read_npy<std::int32_t>(a.at(2));
  const auto indices = cluster_indices(rows.source(), labelling_of(labels), world(), pool);
  write(a.at(3), "scores", {indices.inertia, indices.calinski_harabasz, indices.davies_bouldin});
}

/// The seconds that `action` takes.
template <typename Action>
double seconds_of(const Action& action) {
  const auto start = std::chrono::steady_clock::now();
  action();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void run_agreement(const Arguments& a, ThreadPool&) {
  const auto first = read_npy<std::int32_t>(a.at(1)), second = read_npy<std::int32_t>(a.at(2));
  const Contingency table = contingency(first, second);
  Agreement g;
  Matching matching;
  const double agreeing = seconds_of([&] { g = agreement(table); });
  const double matched = seconds_of([&] { matching = best_matching(table); });
  write(a.at(3), "agreement",
        {g.adjusted_rand, g.normalised_mutual_info, g.adjusted_mutual_info, g.homogeneity, g.completeness, g.v_measure,
         g.purity, adjusted_rand_index(first, second)});
  write(a.at(3), "partner", {matching.partner.begin(), matching.partner.end()});
  write(a.at(3), "matched", {static_cast<double>(matching.matched)});
  write(a.at(3), "seconds", {agreeing, matched});
}

void run_knee(const Arguments& a, ThreadPool&) {
  const auto found = knee(read_npy<double>(a.at(1)), read_npy<double>(a.at(2)));
  write(a.at(3), "knee", {found ? static_cast<double>(*found) : -1});
}

void run_gap(const Arguments& a, ThreadPool& pool) {
  const Rows rows(a.at(1));
  std::vector<std::int64_t> ks;
  for (std::int64_t k = 1; k <= std::stoll(a.at(2)); ++k) ks.push_back(k);
  const KMeansOptions options{.n_init = 5};
  std::vector<double> inertias, gaps, errors, logarithms;
  for (const auto& found : kmeans_sweep(rows.source(), ks, options, world(), pool)) inertias.push_back(found.inertia);
  const GapOptions asked{.references = std::stoll(a.at(3)), .kmeans = options};
  const auto found = gap_statistic(rows.source(), ks, inertias, asked, world(), pool);
  for (const Gap& gap : found) {
    gaps.push_back(gap.gap), errors.push_back(gap.error);
    logarithms.insert(logarithms.end(), gap.reference_logarithms.begin(), gap.reference_logarithms.end());
  }
  const auto chosen = choose_by_gap(found);
  write(a.at(4), "inertias", inertias);
  write(a.at(4), "gaps", gaps);
  write(a.at(4), "errors", errors);
  write(a.at(4), "logarithms", logarithms);
  write(a.at(4), "chosen", {chosen ? static_cast<double>(ks[*chosen]) : -1});
}

void run_stability(const Arguments& a, ThreadPool& pool) {
  const Rows rows(a.at(1));
  const std::vector<std::int64_t> ks{std::stoll(a.at(2))};
  const BootstrapOptions options{.replicates = std::stoll(a.at(3)), .kmeans = {.n_init = 5}};
  const auto found = bootstrap_stability(rows.source(), ks, options, world(), pool)[0];
  write(a.at(4), "agreement", found.agreement);
  write(a.at(4), "summary", {found.mean, found.low, found.high});
}

void run(const Arguments& arguments, ThreadPool& pool) {
  const std::vector<std::pair<std::string, void (*)(const Arguments&, ThreadPool&)>> parts{
      {"silhouettes", run_silhouettes},
      {"indices", run_indices},
      {"agreement", run_agreement},
      {"knee", run_knee},
      {"gap", run_gap},
      {"stability", run_stability}};
  const auto part =
      std::ranges::find(parts, arguments.empty() ? "" : arguments[0], [](const auto& p) { return p.first; });
  require(part != parts.end(), "the first word must say what to run; see the top of the source");
  part->second(arguments, pool);
}

}  // namespace
}  // namespace coterie

int main(int argc, char** argv) {
  using namespace coterie;
  Communicator::world();
  use_single_threaded_blas();
  try {
    ThreadPool pool(2);
    run({argv + 1, argv + argc}, pool);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "evaluation_probe: %s\n", error.what());
    Communicator::abort(1);
  }
  Communicator::finalize();
}
