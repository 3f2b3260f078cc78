#pragma once

#include <map>
#include <string>
#include <vector>

#include "coterie/report/page.hpp"

namespace coterie::inline report {

/// The page's pictures, each path decoded once.
class PictureAlbum {
 public:
  /// Paths may repeat. Writes FOLDER/pictures/NNNNN.jpg unless options.single_file.
  /// `links` leads from paths to their images, relative to FOLDER.
  PictureAlbum(const std::vector<std::string>& paths, const std::map<std::string, std::string>& links,
               const ImageReader& read, const std::string& folder, const PageOptions& options, ThreadPool& pool);

  /// The <img> element of one of the paths, inside of a link to its image where there is one.
  std::string img(const std::string& path) const;

 private:
  struct Picture {
    std::string source;  ///< for src=""
    bool readable = false;
  };
  const std::map<std::string, std::string>& links_;
  std::map<std::string, Picture> pictures_;
};

/// How many pictures of each kind a solution's clusters show, so that the whole page keeps to most_pictures.
std::size_t pictures_per_strip(const Report& report, std::size_t solution, const PageOptions& options);

}  // namespace coterie::inline report
