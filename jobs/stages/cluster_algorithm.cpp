#include "stages/cluster_algorithm.hpp"

#include <filesystem>

#include "coterie/base/nearest_name.hpp"
#include "coterie/clustering/minibatch_kmeans.hpp"
#include "coterie/clustering/ward.hpp"
#include "coterie/evaluation/indices.hpp"
#include "stages/clustering_reader.hpp"
#include "stages/linkage.hpp"
#include "stages/solution_writer.hpp"

namespace coterie::jobs {
namespace {

Seeding seeding_of(const Job& job) {
  return job.options.text("seeding") == "parallel" ? Seeding::parallel : Seeding::plus_plus;
}

/// What all algorithms that iterate are asked for; they differ in the defaults alone.
template <typename IterativeOptions>
IterativeOptions iterative_options(const Job& job, const ClusterAlgorithm& self) {
  IterativeOptions options;
  options.n_init = std::stoi(self.text(job.options, "n-init"));
  options.max_iter = std::stoi(self.text(job.options, "max-iter"));
  options.tol = std::stod(self.text(job.options, "tol"));
  options.seed = static_cast<std::uint64_t>(job.options.count("seed"));
  options.memory_bytes = job.memory_bytes;
  return options;
}

void write_kmeans(const Job& job, const KMeansResult& found, std::int64_t rows, std::int64_t columns,
                  ArtifactWriter& writer) {
  write_solution(writer, {found.k, rows, columns, found.local_rows, found.local_labels, found.local_distances,
                          found.centroids, found.sizes, found.inertia});
  write_starts(writer, found.k, found.n_iter, found.converged, found.init_agreement, found.stability);
  writer.put<double>(ClusteringReader::group(found.k) + "/init_inertia", {std::ssize(found.init_inertia)},
                     found.init_inertia);
  job.say("k = {}: inertia {:.6g} after {} iterations{}, sizes {}{}{}", found.k, found.inertia, found.n_iter,
          found.converged ? "" : " (not converged: raise --max-iter)", extent_text(found.sizes),
          agreement_text(found.stability, std::ssize(found.init_inertia)),
          found.reseeded > 0 ? fmt::format(", {} empty clusters started anew", found.reseeded) : "");
}

void solve_kmeans(const Job& job, const ClusterAlgorithm& self, const RowSource& rows,
                  const std::vector<std::int64_t>& ks, ArtifactWriter& writer) {
  auto options = iterative_options<KMeansOptions>(job, self);
  options.seeding = seeding_of(job);
  options.warm_start = job.options.flag("warm-start");
  kmeans_sweep(rows, ks, options, job.comm, job.pool,
               [&](const KMeansResult& found) { write_kmeans(job, found, rows.rows(), rows.columns(), writer); });
}

void solve_minibatch(const Job& job, const ClusterAlgorithm& self, const RowSource& rows,
                     const std::vector<std::int64_t>& ks, ArtifactWriter& writer) {
  auto options = iterative_options<MiniBatchOptions>(job, self);
  if (const auto batch = job.options.count("batch-rows"); batch > 0) options.batch_rows = batch;
  options.seeding = seeding_of(job);
  for (const auto& found : minibatch_kmeans_sweep(rows, ks, options, job.comm, job.pool))
    write_kmeans(job, found, rows.rows(), rows.columns(), writer);
}

/// As scipy has it; steps_of() is the way back.
std::vector<double> linkage_of(const WardTree& tree) {
  std::vector<double> linkage;
  for (const auto& merge : tree.merges)
    linkage.insert(linkage.end(), {static_cast<double>(merge.first), static_cast<double>(merge.second), merge.distance,
                                   static_cast<double>(merge.size)});
  return linkage;
}

/// Other k are other cuts of the same tree: what is there under another list of k is read, not made again.
WardTree tree_for(const Job& job, const RowSource& rows, const std::string& path, const Recipe& recipe) {
  std::vector<double> linkage;
  std::int64_t there = 0;
  job.comm.on_root([&] {
    if (!std::filesystem::exists(path)) return;
    const ArtifactReader artifact(path);
    if (artifact.recipe().inputs() != recipe.inputs() || !artifact.has("linkage")) return;
    linkage = artifact.read<double>("linkage");
    there = 1;
  });
  job.comm.broadcast(std::span(&there, 1));
  if (there == 0) return ward(rows, {job.memory_bytes}, job.comm, job.pool);
  job.say("cuts the tree that {} holds", path);
  linkage.resize(static_cast<std::size_t>(4 * (rows.rows() - 1)));
  job.comm.broadcast(std::span(linkage));
  return {rows.rows(), steps_of<Merge>(linkage)};
}

void solve_ward(const Job& job, const ClusterAlgorithm&, const RowSource& rows, const std::vector<std::int64_t>& ks,
                ArtifactWriter& writer) {
  for (const auto k : ks)
    require(k <= rows.rows(), "Ward: k is {}, there are only {} rows; ask for at most that many", k, rows.rows());
  const WardTree tree = tree_for(job, rows, writer.path(), writer.recipe());
  writer.put<double>("linkage", {std::ssize(tree.merges), 4}, linkage_of(tree));
  const RowsSummary summary = summarise_rows(rows, job.comm, job.pool);
  for (const auto k : ks) {
    const auto labels = cut(tree, k);
    const ClusterIndices found = cluster_indices(rows, {labels, k}, summary, job.comm, job.pool);
    const std::vector<float> distances(found.distances.begin(), found.distances.end());
    const std::vector<float> centroids(found.centroids.begin(), found.centroids.end());
    const auto own = std::span(labels).subspan(static_cast<std::size_t>(found.own_rows.begin),
                                               static_cast<std::size_t>(found.own_rows.size()));
    write_solution(writer, {k, rows.rows(), rows.columns(), found.own_rows, own, distances, centroids, found.sizes,
                            found.inertia});
    job.say("k = {}: inertia {:.6g}, sizes {}", k, found.inertia, extent_text(found.sizes));
  }
}

std::vector<std::int64_t> covariances_shape(const GaussianMixture& model) {
  switch (model.covariance) {
    case Covariance::full:
      return {model.k, model.columns, model.columns};
    case Covariance::tied:
      return {model.columns, model.columns};
    case Covariance::diagonal:
      return {model.k, model.columns};
    case Covariance::spherical:
      return {model.k};
  }
  return {};
}

void write_model(ArtifactWriter& writer, const MixtureResult& found) {
  const GaussianMixture& model = found.model;
  const std::string group = ClusteringReader::group(model.k);
  writer.put<double>(group + "/weights", {model.k}, model.weights);
  writer.put<double>(group + "/means", {model.k, model.columns}, model.means);
  writer.put<double>(group + "/covariances", covariances_shape(model), model.covariances);
  writer.put<double>(group + "/precisions_cholesky", covariances_shape(model), model.precisions_cholesky);
  writer.put_value<double>(group + "/log_likelihood", found.log_likelihood);
  writer.put_value<double>(group + "/bic", found.bic);
  writer.put_value<double>(group + "/aic", found.aic);
  writer.put_value<std::int64_t>(group + "/free_parameters", found.parameters);
  writer.put<double>(group + "/init_log_likelihood", {std::ssize(found.init_log_likelihood)},
                     found.init_log_likelihood);
}

void write_mixture(const Job& job, const RowSource& rows, const MixtureResult& found, ArtifactWriter& writer) {
  const GaussianMixture& model = found.model;
  const std::string group = ClusteringReader::group(model.k);
  const auto labels = job.comm.gather_all(std::span<const std::int32_t>(found.local_labels));
  const ClusterIndices indices = cluster_indices(rows, {labels, model.k}, job.comm, job.pool);
  const std::vector<float> means(model.means.begin(), model.means.end());
  const auto distances = distances_to_own(rows, labels, means, found.local_rows, job);
  write_solution(writer, {model.k, rows.rows(), rows.columns(), found.local_rows, found.local_labels, distances, means,
                          found.sizes, indices.inertia});
  write_starts(writer, model.k, found.n_iter, found.converged, found.init_agreement, found.stability);
  write_model(writer, found);
  writer.create<float>(group + "/probabilities", {rows.rows(), model.k});
  writer.write_rows<float>(group + "/probabilities", found.local_rows.begin, found.local_probabilities);
  job.say("k = {}: log-likelihood {:.6g} an image after {} iterations{}, BIC {:.6g}, sizes {}{}", model.k,
          found.log_likelihood, found.n_iter, found.converged ? "" : " (not converged: raise --max-iter)", found.bic,
          extent_text(found.sizes), agreement_text(found.stability, std::ssize(found.init_log_likelihood)));
}

void solve_mixture(const Job& job, const ClusterAlgorithm& self, const RowSource& rows,
                   const std::vector<std::int64_t>& ks, ArtifactWriter& writer) {
  auto options = iterative_options<MixtureOptions>(job, self);
  options.covariance = covariance_of(job.options.text("covariance"));
  options.regularisation = job.options.real("regularization");
  for (const auto& found : gaussian_mixtures(rows, ks, options, job.comm, job.pool))
    write_mixture(job, rows, found, writer);
}

const ClusterAlgorithm kAlgorithms[] = {
    {"k-means",
     "-kmeans",
     "k-means",
     {"k", "n-init", "tol", "max-iter", "seed"},
     {"seeding", "warm-start"},
     {{"n-init", "10"}, {"tol", "1e-4"}, {"max-iter", "300"}},
     solve_kmeans},
    {"mini-batch",
     "-minibatch",
     "mini-batch k-means",
     {"k", "n-init", "tol", "max-iter", "batch-rows", "seed"},
     {"seeding"},
     {{"n-init", "3"}, {"tol", "0"}, {"max-iter", "100"}},
     solve_minibatch},
    {"ward", "-ward", "Ward's agglomerative clustering", {"k"}, {}, {}, solve_ward},
    {"mixture",
     "-mixture",
     "a mixture of Gaussians",
     {"k", "n-init", "tol", "max-iter", "covariance", "regularization", "seed"},
     {},
     {{"n-init", "1"}, {"tol", "1e-3"}, {"max-iter", "100"}},
     solve_mixture},
};

}  // namespace

std::string ClusterAlgorithm::text(const Options& options, const std::string& option) const {
  const auto usual = defaults.find(option);
  return options.given(option) || usual == defaults.end() ? options.text(option) : usual->second;
}

Covariance covariance_of(const std::string& text) {
  if (text == "tied") return Covariance::tied;
  if (text == "diagonal") return Covariance::diagonal;
  return text == "spherical" ? Covariance::spherical : Covariance::full;
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
