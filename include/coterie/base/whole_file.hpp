#pragma once

#include <fstream>
#include <string>
#include <string_view>

namespace coterie {

/// A file that appears whole or not at all: it is written as PATH.tmp, which finish() renames.
class WholeFile {
 public:
  /// Begins PATH.tmp; what of it cannot be done is told by finish().
  explicit WholeFile(std::string path);

  /// Removes PATH.tmp unless finish() succeeded.
  ~WholeFile();
  WholeFile(const WholeFile&) = delete;
  WholeFile& operator=(const WholeFile&) = delete;

  std::ofstream& stream() { return file_; }

  /// Gives the file its name. Throws FileError, with the way out, when something of it could not be written.
  void finish();

 private:
  std::string path_;
  std::ofstream file_;
  bool finished_ = false;
};

/// The same for bytes that are all there.
void write_file(const std::string& path, std::string_view bytes);

/// The folder and those above it, where missing. Throws FileError.
void make_folder(const std::string& path);

/// Whether the file system of this file has no room left.
bool disk_is_full(const std::string& path);

/// Why `path` cannot be written and what the person can do: the end of a FileError's message. `error` is errno, or 0
/// where nobody kept it; a full disk is recognised without.
std::string write_fault(const std::string& path, int error);

}  // namespace coterie
