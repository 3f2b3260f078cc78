#include "picture_album.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "coterie/base/new_file.hpp"
#include "coterie/report/html.hpp"

namespace coterie::inline report {

PictureAlbum::PictureAlbum(const std::vector<std::string>& paths, const std::map<std::string, std::string>& links,
                           const ImageReader& read, const std::string& folder, const PageOptions& options,
                           ThreadPool& pool)
    : links_(links) {
  std::vector<std::pair<const std::string, Picture>*> order;  // by first appearance: the files' numbers
  for (const auto& path : paths) {
    const auto [place, is_new] = pictures_.try_emplace(path);
    if (is_new) order.push_back(&*place);
  }
  if (!options.single_file) make_folder(folder + "/pictures");
  pool.for_each(static_cast<std::int64_t>(order.size()), [&](std::int64_t i, int) {
    auto& [path, picture] = *order[static_cast<std::size_t>(i)];
    const std::string jpeg = thumbnail_jpeg(read, path, options.thumbnail, options.jpeg_quality, &picture.readable);
    if (options.single_file) {
      picture.source = data_uri("image/jpeg", jpeg);
      return;
    }
    picture.source = fmt::format("pictures/{:05}.jpg", i);
    write_new_file(folder + "/" + picture.source, jpeg);
  });
}

std::string PictureAlbum::img(const std::string& path) const {
  const std::string name = html_text(path);
  const std::string picture =
      fmt::format(R"(<img src="{}" alt="{}{}" title="{}" loading="lazy"/>)", pictures_.at(path).source,
                  pictures_.at(path).readable ? "" : "cannot be read: ", name, name);
  const auto link = links_.find(path);
  return link == links_.end() ? picture : fmt::format("<a href=\"{}\">{}</a>", html_link(link->second), picture);
}

std::size_t pictures_per_strip(const Report& report, std::size_t solution, const PageOptions& options) {
  constexpr std::size_t kAll = 1'000'000;
  if (solution == report.chosen) return kAll;
  std::int64_t left = options.most_pictures, strips = 0;
  for (std::size_t s = 0; s < report.solutions.size(); ++s)
    for (const auto& cluster : report.solutions[s].clusters)
      if (s == report.chosen)
        left -= static_cast<std::int64_t>(cluster.nearest.size() + cluster.random.size());
      else
        ++strips;
  return static_cast<std::size_t>(std::max<std::int64_t>(0, left) / std::max<std::int64_t>(1, strips));
}

}  // namespace coterie::inline report
