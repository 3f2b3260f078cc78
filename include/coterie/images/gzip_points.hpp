#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace coterie::inline images {

/// A place in a gzip file from which inflating can begin.
struct AccessPoint {
  std::int64_t compressed = 0;  ///< the byte of the file to go on with
  std::int64_t inflated = 0;    ///< how many inflated bytes lie before it
  std::int64_t bits = 0;        ///< of the byte before `compressed` that were not used yet, 0 to 7

  bool operator==(const AccessPoint&) const = default;
};

/// Inflating also wants the 32 KiB of text that lie before a point.
inline constexpr std::int64_t kWindowBytes = 32768;

/// Bytes between two points, inflated. A read inflates half of it for nothing, on average; the windows take 0.4 % of
/// the inflated size.
inline constexpr std::int64_t kPointSpan = std::int64_t{8} << 20;

/// The access points of one gzip file, ascending; the first is its beginning. Windows are fetched when they are wanted:
/// they may lie in a file.
class GzipPoints {
 public:
  using WindowReader = std::function<void(std::int64_t point, std::uint8_t* window)>;

  /// `window` fills kWindowBytes, from any thread; it is never asked for point 0. Throws InvalidArgument unless the
  /// points ascend from (0, 0, 0).
  GzipPoints(std::vector<AccessPoint> points, WindowReader window);

  const std::vector<AccessPoint>& points() const { return points_; }

  /// The number of the last point at or before that inflated byte.
  std::int64_t before(std::int64_t inflated) const;

  void window(std::int64_t point, std::uint8_t* to) const { window_(point, to); }

 private:
  std::vector<AccessPoint> points_;
  WindowReader window_;
};

}  // namespace coterie::inline images
