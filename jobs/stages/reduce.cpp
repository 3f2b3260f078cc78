#include "coterie/reduction/pca.hpp"

#include "command/artifact_name.hpp"
#include "command/job.hpp"
#include "coterie/store/store_rows.hpp"
#include "stages/reduction_reader.hpp"

namespace coterie::jobs {
namespace {

constexpr int kRevision = 2;

PcaSolver solver_of(const std::string& text) {
  for (const auto solver :
       {PcaSolver::covariance, PcaSolver::tsqr, PcaSolver::gram, PcaSolver::randomised, PcaSolver::incremental})
    if (text == solver_name(solver)) return solver;
  return PcaSolver::automatic;
}

PcaOptions pca_options(const Job& job) {
  PcaOptions options;
  options.normalise = normalise_of(job.options.text("normalize"));
  options.normalise_after = normalise_of(job.options.text("normalize-after"));
  options.components = job.options.count("components");
  options.variance = job.options.real("variance");
  options.whiten = job.options.flag("whiten");
  options.solver = solver_of(job.options.text("solver"));
  options.power_iterations = static_cast<int>(job.options.count("power-iterations", -1));
  options.batch_rows = job.options.count("batch-rows");
  options.seed = static_cast<std::uint64_t>(job.options.count("seed"));
  options.memory_bytes = job.memory_bytes;
  return options;
}

// What an approximate solver depends on beside the data.
std::vector<const char*> departures_of(const std::string& solver) {
  if (solver == solver_name(PcaSolver::randomised)) return {"power-iterations", "seed"};
  if (solver == solver_name(PcaSolver::incremental)) return {"batch-rows"};
  return {};
}

void put(ArtifactWriter& writer, const std::string& name, const std::vector<std::int64_t>& shape,
         const std::vector<double>& values) {
  writer.put<double>(name, shape, values);
}

void write_pca(ArtifactWriter& writer, const Pca& pca) {
  const std::int64_t d = pca.count();
  put(writer, "mean", {pca.dimensions}, pca.mean);
  if (!pca.scale.empty()) put(writer, "scale", {pca.dimensions}, pca.scale);
  put(writer, "components", {d, pca.dimensions}, pca.components);
  put(writer, "explained_variance", {d}, pca.explained_variance);
  put(writer, "explained_variance_ratio", {d}, pca.explained_variance_ratio);
  put(writer, "singular_values", {d}, pca.singular_values);
  put(writer, "total_variance", {1}, {pca.total_variance});
  put(writer, "error_bound", {1}, {pca.error_bound});
}

// Fewer rows or columns than the default asks for is no mistake of the person's.
void clamp_components(const Job& job, PcaOptions& options, const RowSource& rows) {
  const std::int64_t most = std::min(rows.rows(), rows.columns());
  if (options.components <= most) return;
  job.say("keeps {} components, all there are for {} rows of {} numbers, not {}", most, rows.rows(), rows.columns(),
          options.components);
  options.components = most;
}

}  // namespace

void reduce(Job& job) {
  std::string parent;
  job.comm.together([&] { parent = job.study.find(Kind::features, job.options.text("features")); });
  const ArtifactReader features(job.study.path(Kind::features, parent));
  const auto good = good_rows(features);
  const StoreRows rows(features, "features", good);
  PcaOptions options = pca_options(job);
  const std::string name = artifact_name(job.options, parent);
  require_artifact_name(name);

  Recipe recipe("reduce", kRevision);
  for (const char* option : {"normalize", "normalize-after", "components", "variance", "solver"})
    recipe.set(option, job.options.text(option));
  if (options.whiten) recipe.set("whiten", "true");
  for (const char* option : departures_of(job.options.text("solver"))) recipe.set(option, job.options.text(option));
  recipe.input("features " + parent, features.digest());
  const std::string path = job.study.path(Kind::reductions, name);
  if (!job.must_make(path, recipe)) return;

  require(rows.rows() > 0, "{} holds no usable row", features.path());
  clamp_components(job, options, rows);
  const Pca pca = fit_pca(rows, options, job.comm, job.pool);
  if (!pca.constant_columns.empty())
    job.say("{} of {} columns are constant and carry nothing", pca.constant_columns.size(), pca.dimensions);

  ArtifactWriter writer(path, recipe, job.comm);
  writer.create<float>("rows", {rows.rows(), pca.count()});
  project_rows(rows, pca, job.comm, job.pool, [&](RowRange range, const float* projected) {
    writer.write_rows<float>("rows", range.begin, {projected, static_cast<std::size_t>(range.size() * pca.count())});
  });
  write_pca(writer, pca);
  writer.attribute("features", parent);
  writer.attribute("solver", solver_name(pca.solver));
  writer.finish();
  double explained = 0;
  for (const double ratio : pca.explained_variance_ratio) explained += ratio;
  job.say("{} rows of {} numbers to {}, which explain {:.1f} % of the variance; solver {}{}", rows.rows(),
          pca.dimensions, pca.count(), 100 * explained, solver_name(pca.solver),
          pca.error_bound > 0
              ? fmt::format(", approximate: error at most {:.2g} of the largest singular value", pca.error_bound)
              : "");
  job.made(path);
}

}  // namespace coterie::jobs
