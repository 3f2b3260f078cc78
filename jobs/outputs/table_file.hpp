#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "coterie/base/new_file.hpp"

namespace coterie::jobs {

enum class TableText {
  harmless,  ///< a field that a spreadsheet would run as a formula is given an apostrophe, which makes it a text
  exact,     ///< as it is: --exact
};

/// A table that appears whole or not at all.
class TableFile {
 public:
  explicit TableFile(const std::string& path, TableText text = TableText::harmless);

  /// The first line: names of columns. Of those that are the same, the later ones are numbered: "label", "label_2".
  void header(std::vector<std::string> names, char delimiter);
  void line(std::vector<std::string> fields, char delimiter);

  /// Gives it its name. Throws FileError when it could not be written.
  void finish() { file_.finish(); }

 private:
  TableText text_;
  NewFile file_;
};

/// A part of a file's name of any column's or labelling's: letters of all alphabets, digits, "-", "_" and "." stay, all
/// else becomes "-"; of long ones the beginning.
std::string file_stem(std::string_view name);

/// "a-b", and "a-b-2" for the next of that name.
std::string numbered(const std::string& name, std::set<std::string>& taken);

}  // namespace coterie::jobs
