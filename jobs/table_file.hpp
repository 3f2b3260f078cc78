#pragma once

#include <string>
#include <vector>

#include "coterie/base/whole_file.hpp"

namespace coterie {

/// A table that appears whole or not at all.
class TableFile {
 public:
  explicit TableFile(std::string path) : file_(std::move(path)) {}
  void line(const std::vector<std::string>& fields, char delimiter);

  /// Gives it its name. Throws FileError when it could not be written.
  void finish() { file_.finish(); }

 private:
  WholeFile file_;
};

/// A spreadsheet would run a text that begins as a formula does; an apostrophe makes it a text.
std::string harmless(const std::string& text);

}  // namespace coterie
