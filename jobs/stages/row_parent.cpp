#include "stages/row_parent.hpp"

#include "command/manifest.hpp"
#include "coterie/artifacts/embedding.hpp"
#include "coterie/artifacts/reduction.hpp"

namespace coterie::jobs {

namespace {

// The newest map that is called so, or whose name ends so behind a dash: "tsne" of "efficientnet_lite0-pca-tsne".
std::string map_called(const Job& job, const std::string& wanted) {
  std::string found = wanted;
  job.comm.on_root([&] {
    std::vector<std::string> so_called;
    for (const auto& name : job.study.list(Kind::embeddings)) {
      if (name == wanted) return;
      if (name.ends_with("-" + wanted)) so_called.push_back(name);
    }
    if (so_called.empty()) return;
    const std::string newest = read_manifest(job.study).newest(Kind::embeddings, so_called);
    found = newest.empty() ? so_called.front() : newest;
  });
  job.comm.broadcast(found);
  return found;
}

RowParent take_map(Job& job) {
  job.options.set(Kind::embeddings.one, map_called(job, job.options.text(Kind::embeddings.one)));
  RowParent parent{"", "", job.take(Kind::embeddings)};
  job.comm.together([&] {
    const ArtifactReader map = job.study.open(Kind::embeddings, parent.map);
    parent.features = map.attribute("features");
    parent.reduction = map.attribute("reduction");
  });
  return parent;
}

}  // namespace

RowParent take_row_parent(Job& job) {
  if (job.options.list().takes(Kind::embeddings.one) && job.options.given(Kind::embeddings.one)) return take_map(job);
  if (job.options.flag("raw")) return {job.take(Kind::features), "", ""};
  RowParent parent{"", job.take(Kind::reductions), ""};
  job.comm.together([&] { parent.features = ReductionReader(job.study, parent.reduction).features(); });
  require(!job.options.given("features") || job.options.text("features") == parent.features,
          "the reduction \"{}\" was made from the features \"{}\", not \"{}\"; name its reduction with --reduction, "
          "or take the features themselves with --raw",
          parent.reduction, parent.features, job.options.text("features"));
  return parent;
}

void check_row_parent(const Options& options) {
  require(!options.flag("raw") || !options.given("reduction"),
          "--raw takes the features as they are; it cannot go with --reduction");
  if (!options.list().takes(Kind::embeddings.one) || !options.given(Kind::embeddings.one)) return;
  for (const char* other : {"features", "reduction", "raw"})
    require(!options.given(other), "--{} names the rows, and so does --{}: one of them is too much",
            Kind::embeddings.one, other);
}

}  // namespace coterie::jobs
