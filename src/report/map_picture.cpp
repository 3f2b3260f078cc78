#include "coterie/report/map_picture.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "map_frame.hpp"

namespace coterie::inline report {
namespace {

using Colour = std::array<std::uint8_t, 3>;

// Okabe and Ito (2008), with a darker yellow and violet for black; as src/viewer/page/palette.js has them.
constexpr std::array<Colour, 8> kColours = {{{0x00, 0x72, 0xb2},
                                             {0xe6, 0x9f, 0x00},
                                             {0x00, 0x9e, 0x73},
                                             {0xcc, 0x79, 0xa7},
                                             {0x56, 0xb4, 0xe9},
                                             {0xd5, 0x5e, 0x00},
                                             {0xa8, 0x9b, 0x00},
                                             {0x8c, 0x6b, 0xb1}}};
constexpr Colour kGrey = {0x9a, 0x9a, 0x9a};

int pixel(double place) { return static_cast<int>(std::lround(place)); }

void draw_disc(Image& image, int x, int y, int radius, const Colour& colour) {
  for (int dy = -radius; dy <= radius; ++dy)
    for (int dx = -radius; dx <= radius; ++dx) {
      const int px = x + dx, py = y + dy;
      if (dx * dx + dy * dy > radius * radius + 1 || px < 0 || py < 0 || px >= image.width || py >= image.height)
        continue;
      std::copy(colour.begin(), colour.end(), image.rgb.begin() + 3 * (std::ptrdiff_t{py} * image.width + px));
    }
}

}  // namespace

Image map_picture(std::span<const float> positions, std::int64_t axes, std::span<const std::int32_t> groups, int width,
                  int height, double margin) {
  Image image{width, height, {}};
  image.rgb.assign(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3, 255);
  const auto each = static_cast<std::size_t>(axes);
  const MapFrame frame = map_frame(positions, each, width, height, margin);
  const int radius = groups.size() <= 2000 ? 4 : groups.size() <= 20000 ? 2 : 1;
  for (std::size_t i = 0; i < groups.size(); ++i)
    draw_disc(image, pixel(frame.x(positions[i * each])), pixel(frame.y(positions[i * each + 1])), radius,
              groups[i] < 0 ? kGrey : kColours[static_cast<std::size_t>(groups[i]) % kColours.size()]);
  return image;
}

}  // namespace coterie::inline report
