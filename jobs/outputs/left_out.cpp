#include "outputs/left_out.hpp"

#include "command/manifest.hpp"

namespace coterie::jobs {

void tell_left_out(const Job& job, const RowNames& names) {
  if (names.imported) return;
  require(names.count_there() > 0,
          "none of the {} images that were grouped is in {} as it was: it is another collection now. coterie info "
          "--study {} lists the commands that group what is there",
          names.names.size(), job.study.images_path(), shell_quoted(job.study.folder()));
  if (names.gone + names.changed > 0)
    job.say("left out of {} grouped images: {}{}{}", names.names.size(),
            names.gone > 0 ? fmt::format("{} gone from the list", names.gone) : "",
            names.gone > 0 && names.changed > 0 ? ", " : "",
            names.changed > 0 ? fmt::format("{} changed since", names.changed) : "");
  if (names.without > 0)
    job.say("without a cluster yet: {} of the list, new or changed since the features were made", names.without);
}

}  // namespace coterie::jobs
