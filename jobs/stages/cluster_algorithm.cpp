#include "stages/cluster_algorithm.hpp"

#include <algorithm>
#include <filesystem>

#include "coterie/base/counted.hpp"
#include "coterie/base/nearest_name.hpp"
#include "coterie/clustering/minibatch_kmeans.hpp"
#include "coterie/dist/progress.hpp"
#include "coterie/evaluation/indices.hpp"
#include "stages/distances_to_own.hpp"
#include "stages/plain_words.hpp"

namespace coterie::jobs {
namespace {

Seeding seeding_of(const Job& job) {
  return job.options.text("seeding") == "parallel" ? Seeding::parallel : Seeding::plus_plus;
}

/// What all algorithms that iterate are asked for.
template <typename IterativeOptions>
IterativeOptions iterative_options(const Job& job) {
  IterativeOptions options;
  options.n_init = static_cast<int>(job.options.count("n-init"));
  options.max_iter = static_cast<int>(job.options.count("max-iter"));
  options.tol = job.options.real("tol");
  options.seed = static_cast<std::uint64_t>(job.options.count("seed"));
  options.memory_bytes = job.memory_bytes;
  return options;
}

/// "12 to 340": the smallest and the largest.
std::string extent_text(std::span<const std::int64_t> sizes) {
  const auto [least, most] = std::minmax_element(sizes.begin(), sizes.end());
  return fmt::format("{} to {}", *least, *most);
}

/// ", seed_stability 0.53: another seed gives rather different clusters"; empty of a single start.
std::string agreement_text(double stability, std::int64_t starts) {
  return starts < 2 ? "" : fmt::format(", seed_stability {:.2f}: {}", stability, seed_words(stability));
}

void write_kmeans(const Job& job, const KMeansResult& found, std::int64_t rows, std::int64_t columns,
                  ClusteringWriter& writer) {
  writer.write(Solution{found.k, rows, columns, found.local_rows, found.local_labels, found.local_distances,
                        found.centroids, found.sizes, found.inertia});
  writer.write(found.k, {found.n_iter, found.converged, found.stability, found.init_agreement, found.init_inertia, {}});
  job.say("k = {}: inertia {:.6g} after {}{}, sizes {}{}{}", found.k, found.inertia, counted(found.n_iter, "iteration"),
          found.converged ? "" : " (not converged: raise --max-iter)", extent_text(found.sizes),
          found.reseeded > 0 ? fmt::format(", {} started anew", counted(found.reseeded, "empty cluster")) : "",
          agreement_text(found.stability, std::ssize(found.init_inertia)));
}

void solve_kmeans(const Job& job, const RowSource& rows, const std::vector<std::int64_t>& ks,
                  ClusteringWriter& writer) {
  auto options = iterative_options<KMeansOptions>(job);
  options.seeding = seeding_of(job);
  options.warm_start = job.options.flag("warm-start");
  Progress progress(job.speaks(), "cluster");
  options.on_share = progress.listener();
  kmeans_sweep(rows, ks, options, job.comm, job.pool,
               [&](const KMeansResult& found) { write_kmeans(job, found, rows.rows(), rows.columns(), writer); });
}

void solve_minibatch(const Job& job, const RowSource& rows, const std::vector<std::int64_t>& ks,
                     ClusteringWriter& writer) {
  auto options = iterative_options<MiniBatchOptions>(job);
  if (const auto batch = job.options.count("batch-rows"); batch > 0) options.batch_rows = batch;
  options.seeding = seeding_of(job);
  Progress progress(job.speaks(), "cluster");
  options.on_share = progress.listener();
  for (const auto& found : minibatch_kmeans_sweep(rows, ks, options, job.comm, job.pool))
    write_kmeans(job, found, rows.rows(), rows.columns(), writer);
}

/// Other k are other cuts of the same tree: what is there under another list of k is read, not made again.
WardTree tree_for(const Job& job, const RowSource& rows, const ClusteringWriter& writer) {
  std::vector<Merge> merges;
  std::int64_t there = 0;
  job.comm.on_root([&] {
    if (!std::filesystem::exists(writer.path())) return;
    const ClusteringReader before(job.study, std::filesystem::path(writer.path()).stem().string());
    if (before.recipe().parents() != writer.recipe().parents() || before.rows() != rows.rows()) return;
    merges = before.merges();
    there = merges.empty() ? 0 : 1;
  });
  job.comm.broadcast(std::span(&there, 1));
  if (there == 0) {
    Progress progress(job.speaks(), "cluster");
    return ward(rows, {job.memory_bytes, progress.listener()}, job.comm, job.pool);
  }
  job.say("cuts the tree that {} holds", writer.path());
  merges.resize(static_cast<std::size_t>(rows.rows() - 1));
  job.comm.broadcast(std::span(merges));
  return {rows.rows(), std::move(merges)};
}

void solve_ward(const Job& job, const RowSource& rows, const std::vector<std::int64_t>& ks, ClusteringWriter& writer) {
  for (const auto k : ks)
    require(k <= rows.rows(), "Ward: k is {}, there are only {} rows; ask for at most that many", k, rows.rows());
  const WardTree tree = tree_for(job, rows, writer);
  writer.write(tree.merges);
  const RowsSummary summary = summarise_rows(rows, job.comm, job.pool);
  for (const auto k : ks) {
    const auto labels = cut(tree, k);
    const ClusterIndices found = cluster_indices(rows, {labels, k}, summary, job.comm, job.pool);
    const std::vector<float> distances(found.distances.begin(), found.distances.end());
    const std::vector<float> centroids(found.centroids.begin(), found.centroids.end());
    const auto own = std::span(labels).subspan(static_cast<std::size_t>(found.own_rows.begin),
                                               static_cast<std::size_t>(found.own_rows.size()));
    writer.write(Solution{k, rows.rows(), rows.columns(), found.own_rows, own, distances, centroids, found.sizes,
                          found.inertia});
    job.say("k = {}: inertia {:.6g}, sizes {}", k, found.inertia, extent_text(found.sizes));
  }
}

void write_mixture(const Job& job, const RowSource& rows, const MixtureResult& found, ClusteringWriter& writer) {
  const GaussianMixture& model = found.model;
  const auto labels = job.comm.gather_all(std::span<const std::int32_t>(found.local_labels));
  const ClusterIndices indices = cluster_indices(rows, {labels, model.k}, job.comm, job.pool);
  const std::vector<float> means(model.means.begin(), model.means.end());
  const auto distances = distances_to_own(rows, labels, means, found.local_rows, job);
  writer.write(Solution{model.k, rows.rows(), rows.columns(), found.local_rows, found.local_labels, distances, means,
                        found.sizes, indices.inertia});
  writer.write(model.k,
               {found.n_iter, found.converged, found.stability, found.init_agreement, {}, found.init_log_likelihood});
  writer.write(found, rows.rows());
  job.say("k = {}: log-likelihood {:.6g} an image after {}{}, BIC {:.6g}, sizes {}{}", model.k, found.log_likelihood,
          counted(found.n_iter, "iteration"), found.converged ? "" : " (not converged: raise --max-iter)", found.bic,
          extent_text(found.sizes), agreement_text(found.stability, std::ssize(found.init_log_likelihood)));
}

void solve_mixture(const Job& job, const RowSource& rows, const std::vector<std::int64_t>& ks,
                   ClusteringWriter& writer) {
  auto options = iterative_options<MixtureOptions>(job);
  options.covariance = covariance_of(job.options.text("covariance"));
  options.regularisation = job.options.real("regularization");
  Progress progress(job.speaks(), "cluster");
  options.on_share = progress.listener();
  for (const auto& found : gaussian_mixtures(rows, ks, options, job.comm, job.pool))
    write_mixture(job, rows, found, writer);
}

const ClusterAlgorithm kAlgorithms[] = {
    {"k-means",
     "-kmeans",
     "k-means",
     {"n-init", "tol", "max-iter", "seed", "seeding", "warm-start"},
     {{"n-init", "10"}, {"tol", "1e-4"}, {"max-iter", "300"}},
     solve_kmeans},
    {"mini-batch",
     "-minibatch",
     "mini-batch k-means",
     {"n-init", "tol", "max-iter", "batch-rows", "seed", "seeding"},
     {{"n-init", "3"}, {"tol", "0"}, {"max-iter", "100"}, {"batch-rows", "1024"}},
     solve_minibatch},
    {"ward", "-ward", "Ward's agglomerative clustering", {}, {}, solve_ward},
    {"mixture",
     "-mixture",
     "a mixture of Gaussians",
     {"n-init", "tol", "max-iter", "covariance", "regularization", "seed"},
     {{"n-init", "1"}, {"tol", "1e-3"}, {"max-iter", "100"}},
     solve_mixture},
};

}  // namespace

bool ClusterAlgorithm::takes(const std::string& option) const {
  return std::find(options.begin(), options.end(), option) != options.end();
}

const ClusterAlgorithm& find_algorithm(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& algorithm : kAlgorithms) {
    if (algorithm.name == name) return algorithm;
    names.emplace_back(algorithm.name);
  }
  throw InvalidArgument(fmt::format("there is no algorithm \"{}\"{}", name, did_you_mean(name, names)));
}

}  // namespace coterie::jobs
