#pragma once

#include <fstream>
#include <string>
#include <vector>

namespace coterie {

/// A table that appears whole or not at all.
class TableFile {
 public:
  explicit TableFile(std::string path);
  void line(const std::vector<std::string>& fields, char delimiter);
  std::ofstream& stream() { return file_; }

  /// Gives it its name. Throws FileError when it could not be written.
  void finish();

 private:
  std::string path_;
  std::ofstream file_;
};

/// A spreadsheet would run a text that begins as a formula does; an apostrophe makes it a text.
std::string harmless(const std::string& text);

}  // namespace coterie
