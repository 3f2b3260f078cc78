#include "outputs/left_out.hpp"

namespace coterie::jobs {

void tell_left_out(const Job& job, const RowNames& names) {
  if (names.imported) return;
  if (names.gone + names.changed > 0)
    job.say("leaves out {} of {} grouped images: {} are gone from the list, {} were changed since",
            names.gone + names.changed, names.names.size(), names.gone, names.changed);
  if (names.without > 0)
    job.say("{} images of the list have no cluster yet: they came, or were changed, after the features were made",
            names.without);
}

}  // namespace coterie::jobs
