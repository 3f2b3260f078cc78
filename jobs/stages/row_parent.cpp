#include "stages/row_parent.hpp"

#include "coterie/artifacts/clustering.hpp"
#include "coterie/artifacts/embedding.hpp"
#include "coterie/artifacts/reduction.hpp"
#include "stages/called_map.hpp"

namespace coterie::jobs {
namespace {

RowParent take_map(Job& job) {
  RowParent parent{"", "", take_called_map(job)};
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

OwnedRows read_rows(const Job& job, const RowParent& parent) {
  const auto source = open_rows(job.study, parent.features, parent.reduction);
  std::vector<float> values(static_cast<std::size_t>(source->rows() * source->columns()));
  job.comm.together([&] { source->read({0, source->rows()}, values.data()); });
  return OwnedRows(std::move(values), source->rows(), source->columns());
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
