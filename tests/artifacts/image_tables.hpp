#pragma once

#include "coterie/artifacts/images.hpp"

namespace coterie {

/// a.png, b.png, a damaged c.png, and d.png with the bytes of a.png.
inline ImageTable sample_table() {
  ImageTable table;
  table.root = "/pictures";
  table.paths = {"a.png", "b.png", "caf\xe9.png", "d.png"};
  table.fates = {Fate::ok, Fate::ok, Fate::damaged, Fate::ok};
  table.reasons = {"", "", "it ends early", ""};
  table.duplicate_of = {-1, -1, -1, 0};
  table.bytes = {10, 20, 30, 10};
  table.hashes = {11, 12, 13, 11};
  table.widths = {1, 2, 3, 4};
  table.heights = {5, 6, 7, 8};
  table.columns = {"folder", "a/b"};
  table.values = {{"", "", "", "x"}, {"1", "2", "", "4"}};
  return table;
}

}  // namespace coterie
