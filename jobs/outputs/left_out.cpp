#include "outputs/left_out.hpp"

#include "command/lineage.hpp"

namespace coterie::jobs {

void tell_left_out(const Job& job, const RowNames& names, const std::string& shown) {
  if (names.imported) return;
  if (names.count_there() == 0) {  // another collection: only the commands that group it help
    std::vector<std::string> taken;
    for (const auto& [address, ignored] : job.recipe.parents()) taken.push_back(address);
    const Manifest manifest = read_manifest(job.study);
    refuse(job.study, job.context.commands, manifest, lineage_of(job.study, job.context.commands, manifest, taken));
  }
  if (names.gone + names.changed > 0)
    job.say("left out of {} grouped images: {}{}{}", names.names.size(),
            names.gone > 0 ? fmt::format("{} gone from the list", names.gone) : "",
            names.gone > 0 && names.changed > 0 ? ", " : "",
            names.changed > 0 ? fmt::format("{} changed since", names.changed) : "");
  if (names.without > 0)
    job.say("without {} yet: {} of the list, new or changed since the features were made", shown, names.without);
}

}  // namespace coterie::jobs
