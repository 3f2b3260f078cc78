#include "stages/row_parent.hpp"

#include "coterie/artifacts/reduction.hpp"

namespace coterie::jobs {

RowParent take_row_parent(Job& job) {
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
}

}  // namespace coterie::jobs
