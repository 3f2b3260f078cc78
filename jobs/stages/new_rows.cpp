#include "stages/new_rows.hpp"

#include <filesystem>

#include "coterie/artifacts/reduction.hpp"

namespace coterie::jobs {
namespace fs = std::filesystem;
namespace {

bool was_made_by(const std::string& path, const Recipe& recipe) {
  try {
    return fs::exists(path) && ArtifactReader(path).recipe().digest() == recipe.digest();
  } catch (const FileError&) {
    return false;  // cut short: it is made again
  }
}

}  // namespace

std::unique_ptr<RowSource> new_rows(const Job& job, const RowParent& parent, const Study& fresh,
                                    const FeatureReader& features) {
  auto rows = features.open_rows();
  require(rows->rows() > 0, "none of the new images could be read; {} says why", features.path());
  const std::int64_t there = FeatureReader(job.study, parent.features).columns();
  require(rows->columns() == there, "the new features have {} columns, those of the study {}: they were made otherwise",
          rows->columns(), there);
  if (parent.reduction.empty()) return rows;
  const ReductionReader reduction(job.study, parent.reduction);
  const Pca pca = reduction.pca();
  Recipe recipe(job.command.name(), job.command.stage->revision);
  recipe.parent(Study::address(Kind::features, features.name()), features.digest());
  recipe.input("reduction", reduction.digest());
  const std::string path = fresh.path(Kind::reductions, features.name());
  bool there_already = false;
  job.comm.on_root([&] { there_already = was_made_by(path, recipe); });
  job.comm.broadcast(std::span(&there_already, 1));
  if (!there_already) {
    ReductionWriter writer(path, recipe, rows->rows(), pca.count(), job.comm);
    project_rows(*rows, pca, job.comm, job.pool,
                 [&](RowRange range, const float* projected) { writer.write_rows(range, projected); });
    writer.finish(features.name());
  }
  return ReductionReader(fresh, features.name()).open_rows();
}

}  // namespace coterie::jobs
