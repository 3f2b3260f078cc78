#include "coterie/viewer/atlas.hpp"

#include <fmt/format.h>
#include <algorithm>

#include "coterie/report/montage.hpp"

namespace coterie::inline viewer {
namespace {

constexpr std::int64_t kOverviewImages = 4096;

// One file: the images first, first + step ... of a level.
struct Sheet {
  const AtlasLevel* level;
  std::int64_t number = 0, images = 0;  // images: cells that are filled
};

std::vector<Sheet> sheets_of(std::int64_t images, const std::vector<AtlasLevel>& levels) {
  std::vector<Sheet> sheets;
  for (const auto& level : levels)
    for (std::int64_t number = 0; number < level.files(images); ++number)
      sheets.push_back({&level, number, std::min(level.each(), level.images(images) - number * level.each())});
  return sheets;
}

Image blank(const Sheet& sheet) {
  const std::int64_t rows = (sheet.images + sheet.level->columns() - 1) / sheet.level->columns();
  Image image{AtlasLevel::kSide, static_cast<int>(rows) * sheet.level->cell, {}};
  image.rgb.assign(static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height) * 3, 255);
  return image;
}

void paste(const Image& picture, int x, int y, Image& sheet) {
  for (int row = 0; row < picture.height; ++row)
    std::copy_n(picture.rgb.begin() + std::ptrdiff_t{3} * row * picture.width, 3 * picture.width,
                sheet.rgb.begin() + 3 * (std::ptrdiff_t{y + row} * sheet.width + x));
}

Image draw_sheet(const Sheet& sheet, const NumberedReader& read, ThreadPool& pool) {
  const AtlasLevel& level = *sheet.level;
  Image canvas = blank(sheet);
  pool.for_each(sheet.images, [&](std::int64_t cell, int) {
    const std::int64_t number = (sheet.number * level.each() + cell) * level.step;
    const Image picture = thumbnail_or_cross([&] { return read(number); }, level.cell);
    paste(picture, static_cast<int>(cell % level.columns()) * level.cell + (level.cell - picture.width) / 2,
          static_cast<int>(cell / level.columns()) * level.cell + (level.cell - picture.height) / 2, canvas);
  });
  return canvas;
}

}  // namespace

std::vector<AtlasLevel> atlas_levels(std::int64_t images, bool previews) {
  const std::int64_t step = std::max<std::int64_t>(1, (images + kOverviewImages - 1) / kOverviewImages);
  std::vector<AtlasLevel> levels = {{"64", 64, 1, 80}, {"32", 32, step, 80}};
  if (previews) levels.push_back({"256", 256, 1, 82});
  return levels;
}

void draw_atlases(std::int64_t images, const std::vector<AtlasLevel>& levels, const NumberedReader& read,
                  const Communicator& comm, ThreadPool& pool, const AtlasSink& sink) {
  const auto sheets = sheets_of(images, levels);
  comm.together([&] {
    for (std::size_t i = static_cast<std::size_t>(comm.rank()); i < sheets.size();
         i += static_cast<std::size_t>(comm.size())) {
      const Sheet& sheet = sheets[i];
      sink(fmt::format("{}-{}.jpg", sheet.level->name, sheet.number),
           jpeg_bytes(draw_sheet(sheet, read, pool), sheet.level->quality));
    }
  });
}

}  // namespace coterie::inline viewer
