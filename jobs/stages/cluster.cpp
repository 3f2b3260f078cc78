#include "command/artifact_name.hpp"
#include "command/job.hpp"
#include "stages/cluster_algorithm.hpp"
#include "stages/clustering_reader.hpp"

namespace coterie::jobs {
namespace {

constexpr int kRevision = 2;

// What is clustered: a reduction, or with --raw the features themselves.
struct Parent {
  std::string features, reduction, digest;

  std::string name() const { return reduction.empty() ? features : reduction; }
};

Parent find_parent(const Job& job) {
  const bool raw = job.options.flag("raw");
  require(!raw || !job.options.given("reduction"),
          "--raw takes the features as they are; it cannot go with --reduction");
  Parent parent;
  job.comm.together([&] {
    if (raw) {
      parent.features = job.study.find(Kind::features, job.options.text("features"));
      parent.digest = ArtifactReader(job.study.path(Kind::features, parent.features)).digest();
      return;
    }
    parent.reduction = job.study.find(Kind::reductions, job.options.text("reduction"));
    const ArtifactReader artifact(job.study.path(Kind::reductions, parent.reduction));
    parent.features = artifact.attribute("features");
    require(!job.options.given("features") || job.options.text("features") == parent.features,
            "the reduction \"{}\" was made from the features \"{}\", not \"{}\"; name its reduction with --reduction, "
            "or take the features themselves with --raw",
            parent.reduction, parent.features, job.options.text("features"));
    parent.digest = artifact.digest();
  });
  return parent;
}

Recipe recipe_of(const Job& job, const ClusterAlgorithm& algorithm, const Parent& parent) {
  Recipe recipe("cluster", kRevision);
  recipe.set("algorithm", algorithm.name);
  for (const char* option : algorithm.parameters) recipe.set(option, algorithm.text(job.options, option));
  for (const char* option : algorithm.departures)
    if (job.options.text(option) != find_option("cluster", option).fallback)
      recipe.set(option, job.options.text(option));
  recipe.input((parent.reduction.empty() ? "features " : "reduction ") + parent.name(), parent.digest);
  return recipe;
}

// An option that another algorithm has would be passed over in silence.
void refuse_foreign_options(const Job& job, const ClusterAlgorithm& algorithm) {
  for (const char* option :
       {"n-init", "tol", "max-iter", "seeding", "warm-start", "covariance", "regularization", "batch-rows"}) {
    const auto has = [&](const auto& list) {
      return std::find(list.begin(), list.end(), std::string_view(option)) != list.end();
    };
    require(!job.options.given(option) || job.options.text(option) == find_option("cluster", option).fallback ||
                has(algorithm.parameters) || has(algorithm.departures),
            "--{} means nothing to --algorithm {}", option, algorithm.name);
  }
}

}  // namespace

void cluster(Job& job) {
  const auto ks = job.options.counts("k");
  require(!ks.empty(), "cluster wants --k: one number of clusters or several, such as 8 or 6,8,10 or 5-20");
  const ClusterAlgorithm& algorithm = find_algorithm(job.options.text("algorithm"));
  refuse_foreign_options(job, algorithm);
  const Parent parent = find_parent(job);
  const std::string name = artifact_name(job.options, parent.name());
  require_artifact_name(name);
  const Recipe recipe = recipe_of(job, algorithm, parent);
  const std::string path = job.study.path(Kind::clusterings, name);
  if (!job.must_make(path, recipe)) return;

  const auto rows = open_rows(job.study, parent.features, parent.reduction);
  ArtifactWriter writer(path, recipe, job.comm);
  writer.put<std::int64_t>("k", {std::ssize(ks)}, ks);
  algorithm.solve(job, algorithm, *rows, ks, writer);
  writer.attribute("features", parent.features);
  writer.attribute("reduction", parent.reduction);
  writer.finish();
  job.made(path);
}

}  // namespace coterie::jobs
