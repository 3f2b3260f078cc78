#include "stages/image_list.hpp"

#include <algorithm>

#include "command/manifest.hpp"
#include "coterie/base/counted.hpp"
#include "coterie/base/new_file.hpp"
#include "coterie/base/number.hpp"
#include "coterie/base/shell_quoted.hpp"
#include "stages/missing_images.hpp"

namespace coterie::jobs {
namespace {

RowIdentities identities_of(const ImageTable& table, const std::vector<std::int64_t>& images) {
  RowIdentities identities;
  for (const auto number : images) {
    const auto i = static_cast<std::size_t>(number);
    identities.paths.push_back(table.paths[i]);
    identities.hashes.push_back(table.hashes.empty() ? 0 : table.hashes[i]);
  }
  return identities;
}

}  // namespace

ImageList take_images(Job& job) {
  ImageList list;
  job.take(Kind::images, std::vector<std::string>{"images"});
  job.comm.together([&] {
    list.table = read_image_places(job.study.images_path());
    const Recipe scanned = job.study.open(Kind::images, "images").recipe();
    list.limits.max_pixels = parse_as<std::int64_t>(scanned.parameter("max-pixels", "500000000")).value();
    list.limits.max_bytes = parse_size(scanned.parameter("max-bytes", "2GiB"));
  });
  list.images = usable_images(list.table);
  require(!list.images.empty(), "no image of {} could be read ({}); nothing to {}", job.study.folder(),
          statuses_text(list.table.statuses), job.command.name() == "extract" ? "extract" : "describe");
  job.comm.on_root([&] { require_some_there(job, list.table, list.images); });
  if (job.comm.is_root()) list.identities = identities_of(list.table, list.images);
  return list;
}

void account_for(const Job& job, const std::string& path, const char* what, const std::vector<std::string>& paths,
                 const std::vector<ImageStatus>& statuses) {
  for (auto& group : reasons_of(paths, statuses, {})) {
    group.reason = status_explanation(group.status);
    if (group.reason.ends_with('.')) group.reason.pop_back();
    job.say("{}", reason_text(group));
  }
  const auto good = std::count(statuses.begin(), statuses.end(), ImageStatus::ok);
  const auto failed = std::ssize(statuses) - good;
  job.say("{}{} of {}, {} failed since the scan", failed > good ? "warning: " : "", what, counted(good, "image"),
          failed);
  if (good > 0) return;
  clear_place(path);
  throw Error(
      fmt::format("no image is any more what the scan saw. List what there is: coterie scan --study {} --images PATH "
                  "--overwrite",
                  shell_quoted(job.study.folder())));
}

}  // namespace coterie::jobs
