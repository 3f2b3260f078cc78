#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "coterie/base/unfinished.hpp"

namespace coterie {

/// A file that appears whole or not at all: written as PATH.tmp beside its place, and renamed.
///
/// Nothing is ever written through a link: what lies at PATH.tmp is unlinked and the file made anew (O_EXCL), and the
/// rename replaces a link at PATH, not what it points to. Its mode is what the umask leaves of 0666.
/// Throws FileError, naming PATH, for whatever the system refuses.
class NewFile {
 public:
  explicit NewFile(std::string path);
  ~NewFile();  ///< removes what was not finished
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  void write(std::string_view bytes);

  /// Gives it its name.
  void finish();

 private:
  void put(std::string_view bytes);
  void flush();
  [[noreturn]] void fail(int error);

  std::string path_, partial_, buffer_;
  std::optional<Unfinished> unfinished_;
  int number_ = -1;
};

/// NewFile with these bytes.
void write_new_file(const std::string& path, std::string_view bytes);

/// Renames a finished file to its own name, in place of what has it. Throws FileError.
void put_in_place(const std::string& finished, const std::string& path);

/// Throws FileError where put_in_place(…, path) would be refused, before any work is done for it: a folder where this
/// user may not write, or one with the sticky bit in which the file that has the name belongs to somebody else.
void require_replaceable(const std::string& path);

/// Unlinks the file or link at `path`, so that a file may be made there anew; nothing there is fine. Throws FileError.
void clear_place(const std::string& path);

/// Makes a folder inside of one that is there, if it is missing. Throws FileError where a link or a file has its place.
void make_folder_inside(const std::string& parent, const std::string& name);

/// The folder and those above it, where missing. The person named it, so links on the way are followed. Throws
/// FileError.
void make_folder(const std::string& path);

/// Removes a folder with all that it holds; nothing there is fine. Throws FileError.
void remove_folder(const std::string& path);

/// A symbolic link at `path` to a file, by its absolute path. Throws FileError.
void make_link(const std::string& path, const std::string& file);

/// The same file under another name; a copy where file systems differ. Throws FileError.
void link_or_copy(const std::string& file, const std::string& path);

/// Whether the file system of this file has no room left.
bool disk_is_full(const std::string& path);

/// Whether this process may not write files of any size (ulimit -f).
bool file_sizes_are_limited();

/// Why `path` cannot be written and what the person can do: the end of a FileError's message. `error` is errno, or 0
/// where nobody kept it; a full disk is recognised without.
std::string write_fault(const std::string& path, int error);

}  // namespace coterie
