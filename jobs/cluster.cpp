#include "coterie/clustering/kmeans.hpp"

#include "artifact_name.hpp"
#include "clustering_reader.hpp"
#include "job.hpp"

namespace coterie {
namespace {

constexpr int kRevision = 1;

KMeansOptions kmeans_options(const Job& job) {
  KMeansOptions options;
  options.n_init = static_cast<int>(job.options.count("n-init"));
  options.max_iter = static_cast<int>(job.options.count("max-iter"));
  options.tol = job.options.real("tol");
  options.seed = static_cast<std::uint64_t>(job.options.count("seed"));
  options.memory_bytes = job.memory_bytes;
  return options;
}

template <typename T>
void put_value(ArtifactWriter& writer, const std::string& name, T value) {
  writer.put<T>(name, {1}, std::vector<T>{value});
}

void write_solution(ArtifactWriter& writer, const KMeansResult& found, std::int64_t rows, std::int64_t columns) {
  const std::string group = ClusteringReader::group(found.k);
  const auto starts = static_cast<std::int64_t>(found.init_inertia.size());
  writer.create<std::int32_t>(group + "/labels", {rows});
  writer.create<float>(group + "/distances", {rows});
  writer.write_rows<std::int32_t>(group + "/labels", found.local_rows.begin, found.local_labels);
  writer.write_rows<float>(group + "/distances", found.local_rows.begin, found.local_distances);
  writer.put<float>(group + "/centroids", {found.k, columns}, found.centroids);
  writer.put<std::int64_t>(group + "/sizes", {found.k}, found.sizes);
  put_value<double>(writer, group + "/inertia", found.inertia);
  put_value<std::int64_t>(writer, group + "/n_iter", found.n_iter);
  put_value<std::uint8_t>(writer, group + "/converged", found.converged);
  put_value<double>(writer, group + "/stability", found.stability);
  writer.put<double>(group + "/init_inertia", {starts}, found.init_inertia);
  writer.put<double>(group + "/init_agreement", {starts, starts}, found.init_agreement);
}

void tell(const Job& job, const KMeansResult& found) {
  job.say("k = {}: inertia {:.6g} after {} iterations{}, sizes {} to {}, agreement between starts (mean ARI) {:.2f}{}",
          found.k, found.inertia, found.n_iter, found.converged ? "" : " (not converged: raise --max-iter)",
          *std::min_element(found.sizes.begin(), found.sizes.end()),
          *std::max_element(found.sizes.begin(), found.sizes.end()), found.stability,
          found.reseeded > 0 ? fmt::format(", {} empty clusters started anew", found.reseeded) : "");
}

}  // namespace

void cluster(Job& job) {
  const auto ks = job.options.counts("k");
  require(!ks.empty(), "cluster wants --k: one number of clusters or several, such as 8 or 6,8,10 or 5-20");
  const bool raw = job.options.flag("raw");
  require(!raw || !job.options.given("reduction"),
          "--raw takes the features as they are; it cannot go with --reduction");
  std::string features, reduction, parent_digest;
  job.comm.together([&] {
    if (!raw) {
      reduction = job.study.find(Kind::reductions, job.options.text("reduction"));
      const ArtifactReader parent(job.study.path(Kind::reductions, reduction));
      features = parent.attribute("features");
      require(!job.options.given("features") || job.options.text("features") == features,
              "the reduction \"{}\" was made from the features \"{}\", not \"{}\"; name its reduction with "
              "--reduction, or take the "
              "features themselves with --raw",
              reduction, features, job.options.text("features"));
      parent_digest = parent.digest();
    } else {
      features = job.study.find(Kind::features, job.options.text("features"));
      parent_digest = ArtifactReader(job.study.path(Kind::features, features)).digest();
    }
  });
  const std::string parent = raw ? features : reduction;
  const std::string name = artifact_name(job.options, parent);
  require_artifact_name(name);

  Recipe recipe("cluster", kRevision);
  for (const char* option : {"k", "n-init", "tol", "max-iter", "seed"}) recipe.set(option, job.options.text(option));
  recipe.set("algorithm", "k-means");
  recipe.input((raw ? "features " : "reduction ") + parent, parent_digest);
  const std::string path = job.study.path(Kind::clusterings, name);
  if (!job.must_make(path, recipe)) return;

  const auto rows = open_rows(job.study, features, reduction);
  const auto solutions = kmeans_sweep(*rows, ks, kmeans_options(job), job.comm, job.pool);
  ArtifactWriter writer(path, recipe, job.comm);
  writer.put<std::int64_t>("k", {static_cast<std::int64_t>(ks.size())}, ks);
  for (const auto& solution : solutions) {
    write_solution(writer, solution, rows->rows(), rows->columns());
    tell(job, solution);
  }
  writer.attribute("features", features);
  writer.attribute("reduction", reduction);
  writer.finish();
  job.made(path);
}

}  // namespace coterie
