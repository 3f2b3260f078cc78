#include "command/all_commands.hpp"
#include "command/job.hpp"
#include "command/manifest.hpp"
#include "command/shared_options.hpp"
#include "coterie/artifacts/clustering.hpp"

namespace coterie::jobs {
namespace {

// "x-kmeans: k = 8, 10", a line for each clustering.
std::string solutions_text(const Study& study) {
  std::vector<std::string> lines;
  for (const auto& name : study.list(Kind::clusterings))
    lines.push_back(fmt::format("{}: k = {}", name, fmt::join(ClusteringReader(study, name).ks(), ", ")));
  return lines.empty() ? "no clusterings yet" : fmt::format("{}", fmt::join(lines, "\n  "));
}

void choose_solution(Job& job) {
  const auto ks = job.options.counts("k");
  const bool clear = job.options.flag("clear");
  job.comm.on_root([&] {
    require(clear != (ks.size() == 1), "choose wants --k with one number of clusters, or --clear. There are:\n  {}",
            solutions_text(job.study));
  });
  if (clear) {
    job.comm.on_root([&] {
      if (!job.dry_run()) record_choice(job.study, std::nullopt);
      job.say("nothing is chosen for {}: commands take the newest clustering", job.study.folder());
    });
    return;
  }
  const std::string name = job.take(Kind::clusterings);
  job.comm.on_root([&] {
    const ClusteringReader clustering(job.study, name);
    static_cast<void>(clustering.choose(ks));
    if (!job.dry_run()) record_choice(job.study, Choice{name, ks.front(), "choose", clustering.digest()});
    job.say("chose {} with k = {} for {}; report, export, montage and assign take it", name, ks.front(),
            job.study.folder());
  });
}

}  // namespace

Command choose() {
  return {
      .options = OptionList("choose", {option::clustering,
                                       option::for_show(option::k),
                                       {"clear", Role::action, OptionType::flag, "false", "", "forget the choice"}}),
      .summary = "names the clustering and k that report, export, montage and assign take by default",
      .example = "coterie choose --study demo --clustering efficientnet_lite0-pca-kmeans --k 10",
      .run = choose_solution};
}

}  // namespace coterie::jobs
