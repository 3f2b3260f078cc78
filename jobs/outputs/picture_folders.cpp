#include "outputs/picture_folders.hpp"

#include <algorithm>
#include <set>

#include "coterie/base/counted.hpp"
#include "coterie/base/new_file.hpp"
#include "coterie/dist/progress.hpp"
#include "coterie/images/decode.hpp"
#include "outputs/solution_pictures.hpp"

namespace coterie::jobs {
namespace {

// One picture to be written.
struct Placing {
  std::int64_t row;
  std::string to;
  std::string reason = {};  // why it could not be
};

// "cats/a b.png" -> "cats_a b.png": base names alone would clash, and a name without a slash cannot lead anywhere else.
// What still clashes ("cats_a b.png" itself) is numbered; of a long path the end counts.
std::string flat_name(std::string path, std::set<std::string>& taken) {
  constexpr std::size_t kLongest = 200;  // a file system takes 255 bytes
  std::replace(path.begin(), path.end(), '/', '_');
  if (path.size() > kLongest) path.erase(0, path.size() - kLongest);
  if (path == "." || path == "..") path.insert(0, 1, '_');
  std::string name = path;
  for (int again = 2; !taken.insert(name).second; ++again) name = fmt::format("{}_{}", again, path);
  return name;
}

// A copy, or a link. Of the image's bytes alone, not of the file's mode. Returns why it was left out.
std::string place_picture(const ImagePlace& place, bool link, const std::string& to) {
  clear_place(to);
  const PictureBytes picture = picture_bytes(place);
  if (!picture.bytes) return picture.reason;
  if (link) {
    make_link(to, place.file);
    return "";
  }
  NewFile copy(to);
  copy.write({reinterpret_cast<const char*>(picture.bytes->data()), picture.bytes->size()});
  copy.finish();
  return "";
}

// Which images go where; makes the folders.
std::vector<Placing> placings(const Job& job, const std::string& folder, const ClusteringReader& clustering,
                              std::int64_t k, const RowNames& names) {
  const auto members = pick_pictures(clustering, k, names, 0, 0).shown;
  // The same draws as the montage's and the report's: with the same seed the same images, or the first of them.
  const Random random(static_cast<std::uint64_t>(job.options.count("seed")), Purpose::montage_sample);
  std::vector<Placing> all;
  make_folder_inside(folder, "pictures");
  for (std::size_t c = 0; c < members.size(); ++c) {
    const std::string cluster = fmt::format("cluster_{:03}", c);
    make_folder_inside(folder + "/pictures", cluster);
    std::set<std::string> taken;
    const bool sample = job.options.text("pictures") == "sample";
    for (const auto row : sample ? draw_sample(members[c], job.options.count("sample"), random) : members[c])
      all.push_back({row, fmt::format("{}/pictures/{}/{}", folder, cluster,
                                      flat_name(names.names[static_cast<std::size_t>(row)], taken))});
  }
  return all;
}

}  // namespace

PictureBytes picture_bytes(const ImagePlace& place) {
  try {
    const Probe probe = probe_image(place);
    if (probe.status != ImageStatus::ok) return {{}, probe.format, probe.reason};
    return {image_bytes(place), probe.format, ""};
  } catch (const DecodeError& error) {
    return {{}, "", error.reason()};
  }
}

void place_pictures(const Job& job, const std::string& folder, const ClusteringReader& clustering, std::int64_t k,
                    const RowNames& names, const ImageTable& images) {
  const bool link = job.options.text("pictures") == "links";
  auto all = placings(job, folder, clustering, k, names);
  Progress progress(job.speaks(), "export");
  for_each_telling(job.pool, std::ssize(all), progress.listener(), [&](std::int64_t i, int) {
    Placing& one = all[static_cast<std::size_t>(i)];
    one.reason = place_picture(place_of(images, names.images[static_cast<std::size_t>(one.row)]), link, one.to);
  });
  for (const auto& one : all)
    if (!one.reason.empty())
      job.say("{}: {}; left out of the pictures", names.names[static_cast<std::size_t>(one.row)], one.reason);
}

void require_linkable(const Job& job, const RowNames& names, const ImageTable& images) {
  if (job.options.text("pictures") != "links") return;
  std::int64_t there = 0, in_shards = 0;
  double bytes = 0;
  for (const auto number : names.images) {
    if (number < 0) continue;
    ++there;
    const ImagePlace place = place_of(images, number);
    if (place.bytes < 0) continue;
    ++in_shards;
    bytes += static_cast<double>(place.bytes);
  }
  require(in_shards == 0,
          "--pictures links: {} of {} lie in tar shards, where no link leads. --pictures copies takes all of them out "
          "({:.0f} MB), sample takes some, and webdataset writes shards of them by cluster",
          in_shards, counted(there, "image"), bytes / 1e6);
}

}  // namespace coterie::jobs
