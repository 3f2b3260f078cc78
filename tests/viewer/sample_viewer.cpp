// sample_viewer FOLDER IMAGES CLUSTERS [points]: a viewer of made-up images, or of points alone, in an empty folder, to
// look at and to measure (tests/viewer/measure.py).
#include <cstdlib>
#include <string>

#include "coterie/base/new_file.hpp"
#include "coterie/dist/communicator.hpp"
#include "coterie/viewer/atlas.hpp"
#include "coterie/viewer/map_order.hpp"
#include "coterie/viewer/page.hpp"
#include "made_up_exhibit.hpp"

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  const std::string folder = argv[1];
  const std::int64_t images = std::atoll(argv[2]), k = std::atoll(argv[3]);
  const coterie::Exhibit exhibit = coterie::made_up_exhibit(images, k);
  const auto order = coterie::map_order(coterie::quantised(exhibit.maps.front()), 2);
  const auto levels = argc > 4 ? std::vector<coterie::AtlasLevel>{} : coterie::atlas_levels(images, false);
  coterie::make_folder(folder);
  coterie::make_folder_inside(folder, "atlas");
  coterie::ThreadPool pool(2);
  coterie::draw_atlases(
      images, levels, [&](std::int64_t i) { return coterie::made_up_picture(order[static_cast<std::size_t>(i)], k); },
      coterie::Communicator::self(), pool,
      [&](const std::string& file, const std::string& jpeg) {
        coterie::write_new_file(folder + "/atlas/" + file, jpeg);
      });
  coterie::write_viewer(exhibit, order, levels, false, folder);
}
