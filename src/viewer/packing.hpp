#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "coterie/viewer/atlas.hpp"
#include "coterie/viewer/exhibit.hpp"

namespace coterie::inline viewer {

/// One part of the page's data: bytes that the page asks for by their name. Numbers are little-endian.
struct Part {
  std::string name, bytes;
};

constexpr std::int64_t kPathBlock = 65536;       // paths in one part
constexpr std::int64_t kNeighbourBlock = 16384;  // rows in one part

/// How many bytes a code takes that stands for one of so many values, or for none: 1, 2 or 4. What stands for none is
/// the largest number of that width.
std::int64_t code_bytes(std::int64_t values);

/// All parts of an exhibit, in this order of its rows:
///
///     rows            uint32: the row's number in the features
///     linked          uint8: 1 where the image can be opened by its path
///     map-M           uint16 × dimensions
///     solution-S      codes of labels, code_bytes(k) each
///     silhouettes-S   uint8: 0 .. 254 for -1 .. 1, 255 for none
///     column-C        codes, code_bytes(values) each; values-C: JSON, an array of texts
///     paths-B         JSON, an array of up to kPathBlock texts
///     neighbours-B    uint32 × neighbours_each of up to kNeighbourBlock rows: places in this order; 2^32-1 for none
std::vector<Part> pack(const Exhibit& exhibit, const std::vector<std::int64_t>& order);

/// What the page has to know before it asks for a part, as JSON that may stand in a script element.
std::string about_json(const Exhibit& exhibit, const std::vector<AtlasLevel>& levels, bool single_file);

}  // namespace coterie::inline viewer
