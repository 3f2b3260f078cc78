#pragma once

#include "coterie/artifacts/images.hpp"

namespace coterie {

/// a.png, b.png, a damaged c.png, and d.png with the bytes of a.png.
inline ImageTable sample_table() {
  ImageTable table;
  table.root = "/pictures";
  table.paths = {"a.png", "b.png", "caf\xe9.png", "d.png"};
  table.statuses = {ImageStatus::ok, ImageStatus::ok, ImageStatus::damaged, ImageStatus::ok};
  table.reasons = {"", "", "it ends early", ""};
  table.duplicate_of = {-1, -1, -1, 0};
  table.bytes = {10, 20, 30, 10};
  table.hashes = {11, 12, 13, 11};
  table.widths = {1, 2, 3, 4};
  table.heights = {5, 6, 7, 8};
  table.pages = {1, 3, 0, 1};
  table.bits = {8, 16, 8, 8};
  table.used_bits = {8, 12, 8, 8};
  table.remarks = {0, 3, 0, 1};
  table.notes = {"", "page 1 of 3; 12 of 16 bits in use", "", "frame 1 of 2"};
  table.columns = {"folder", "a/b"};
  table.values = {{"", "", "", "x"}, {"1", "2", "", "4"}};
  return table;
}

}  // namespace coterie
