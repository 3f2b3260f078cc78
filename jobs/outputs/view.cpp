#include <optional>

#include "command/all_commands.hpp"
#include "command/job.hpp"
#include "command/shared_options.hpp"
#include "coterie/base/new_file.hpp"
#include "coterie/viewer/atlas.hpp"
#include "coterie/viewer/map_order.hpp"
#include "coterie/viewer/page.hpp"
#include "outputs/output_folder.hpp"
#include "outputs/picture_reader.hpp"
#include "outputs/report_topics.hpp"
#include "outputs/study_maps.hpp"
#include "outputs/viewer_sources.hpp"

namespace coterie::jobs {
namespace {

constexpr std::int64_t kMostInOneFile = 20000;  // images: some 30 MB, which mail servers still carry

// What is shown, decided on the root; all of it enters the recipe.
ViewerNames take_all(Job& job) {
  ViewerNames names;
  names.clustering = job.take(Kind::clusterings);
  names.clusterings = names_from_root(job, [&] { return other_clusterings(job, names.clustering); });
  job.take(Kind::clusterings, names.clusterings);
  names.maps = take_maps(job, names.clustering);
  names.topics = take_topic_model(job);
  return names;
}

void broadcast_list(const Communicator& comm, std::vector<std::int64_t>& list) {
  std::int64_t size = std::ssize(list);
  comm.broadcast(std::span(&size, 1));
  list.resize(static_cast<std::size_t>(size));
  comm.broadcast(std::span(list));
}

// Of the images in the order of the map; a JPEG is decoded at the least size that its largest cell is drawn well from.
void draw_images(const Job& job, const std::vector<std::int64_t>& images, const std::vector<AtlasLevel>& levels,
                 const DecodeOptions& options, const std::string& folder) {
  if (levels.empty()) return;
  std::optional<ImageTable> table;
  job.comm.together([&] { table = read_image_places(job.study.images_path()); });
  draw_atlases(
      std::ssize(images), levels,
      [&](std::int64_t i) { return decode_image(place_of(*table, images[static_cast<std::size_t>(i)]), options); },
      job.comm, job.pool,
      [&](const std::string& file, const std::string& jpeg) { write_new_file(folder + "/atlas/" + file, jpeg); });
}

void show(Job& job) {
  const ViewerNames names = take_all(job);
  const bool single_file = job.options.flag("single-file");
  std::optional<OutputFolder> folder;
  ViewerContent content;
  std::vector<std::int64_t> order, images;
  std::string place;
  bool work = true;
  job.comm.on_root([&] {
    work = !job.dry_run();
    if (!work) return job.say("would write {}/viewer/index.html about {}", job.study.folder(), names.clustering);
    content = read_viewer_content(job, names, job.options.count("k"));
    const Exhibit& exhibit = content.exhibit;
    check_exhibit(exhibit);
    require(!single_file || exhibit.size() <= kMostInOneFile,
            "--single-file: {} images are too many for one page, of which {} fit; without it the viewer is a folder",
            exhibit.size(), kMostInOneFile);
    order = map_order(quantised(exhibit.maps.front()), exhibit.maps.front().dimensions);
    for (const auto row : order) images.push_back(content.images[static_cast<std::size_t>(row)]);
    folder.emplace(job.study.folder(), "viewer", provenance_of(job), job.options.flag("overwrite"));
    place = folder->folder();
    make_folder_inside(place, "atlas");
  });
  job.comm.broadcast(std::span(&work, 1));
  if (!work) return;
  broadcast_list(job.comm, images);
  job.comm.broadcast(place);
  const bool pictures = !images.empty() && images.front() >= 0;
  const bool previews = job.options.flag("previews");
  const auto levels = pictures ? atlas_levels(std::ssize(images), previews) : std::vector<AtlasLevel>{};
  draw_images(job, images, levels, DecodeOptions{.least_long = previews ? 512 : 128}, place);
  job.comm.on_root([&] {
    write_viewer(content.exhibit, order, levels, single_file, place);
    folder->finish();
    job.say("wrote {}", folder->final_place("index.html"));
  });
}

}  // namespace

Command view() {
  using enum OptionType;
  return {.options = OptionList(
              "view", {option::chosen_clustering,
                       option::cluster_names,
                       {"k", Role::output, count, "0", "K",
                        "the number of clusters to show first; 0: the chosen one, else the one of the best silhouette",
                        0, kMaxCount},
                       option::map_shown,
                       {Kind::topics.one, Role::place, text, "", "NAME",
                        "the topic model to show; default: the newest, where there is one", 0, kMost, "", true},
                       {"single-file", Role::output, flag, "false", "",
                        "everything in index.html, for mail: up to 20,000 images; default: a folder"},
                       {"previews", Role::output, flag, "false", "",
                        "keep copies of 256 pixels, too, for a viewer that leaves its images behind"}}),
          .summary = "writes viewer/index.html, where a person explores, names and merges clusters",
          .example = "coterie view --study demo",
          .run = show,
          .parallel = true,
          .stage = Stage{.reads = [](const Options&) { return std::vector{Kind::clusterings}; },
                         .makes = {},
                         .list_change = ListChange::join,
                         .follows_choice = true,
                         .writes = {"viewer"},
                         .trial = Trial::pictures}};
}

}  // namespace coterie::jobs
