#include "gnuplot.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "coterie/base/errors.hpp"
#include "coterie/base/new_file.hpp"
#include "coterie/base/unicode.hpp"

extern char** environ;  // NOLINT(readability-redundant-declaration): glibc declares it, POSIX leaves it to us

namespace coterie::inline report {
namespace {

std::string temporary_folder() {
  const char* place = std::getenv("TMPDIR");
  return place != nullptr && *place != '\0' ? place : "/tmp";
}

/// A folder for one run's script, drawing and messages; files instead of pipes, so neither side can block.
class ScratchFolder {
 public:
  ScratchFolder() : path_(temporary_folder() + "/coterie-gnuplot-XXXXXX") {
    if (mkdtemp(path_.data()) != nullptr) return;
    if (errno == ENOSPC) fail_for_room();
    throw FileError(
        path_, fmt::format("cannot be made ({}); let TMPDIR name a folder that can be written", std::strerror(errno)));
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  std::string operator/(const char* name) const { return path_ + "/" + name; }

  /// Throws FileError where its disk has no room left: what was written there is then not whole.
  void require_room() const {
    if (disk_is_full(*this / "script")) fail_for_room();
  }

 private:
  [[noreturn]] static void fail_for_room() {
    throw FileError(
        temporary_folder(),
        "the disk of temporary files, where charts are drawn, is full: free some space there, or let TMPDIR "
        "name a folder with room");
  }

  std::string path_;
};

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The exit status of `gnuplot -d < script > drawing 2> messages`; -1 when it died of a signal.
int spawn_and_wait(const std::string& script, const std::string& drawing, const std::string& messages) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, script.c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, drawing.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, messages.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  char program[] = "gnuplot", defaults[] = "-d";
  char* arguments[] = {program, defaults, nullptr};
  pid_t child = 0;
  const int failure = posix_spawnp(&child, program, &files, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&files);
  if (failure == ENOENT)
    throw Error("gnuplot, which draws the charts, was not found: install it (Debian: apt-get install gnuplot-nox)");
  if (failure != 0) throw Error(fmt::format("gnuplot cannot be started: {}", std::strerror(failure)));
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) throw Error(fmt::format("waiting for gnuplot: {}", std::strerror(errno)));
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

std::string run_gnuplot(const std::string& script) {
  const ScratchFolder folder;
  folder.require_room();
  write_new_file(folder / "script", script);
  const int status = spawn_and_wait(folder / "script", folder / "drawing", folder / "messages");
  folder.require_room();
  if (status != 0) throw Error(fmt::format("gnuplot ended with status {}: {}", status, content(folder / "messages")));
  std::string drawing = content(folder / "drawing");
  if (drawing.empty()) throw Error(fmt::format("gnuplot drew nothing: {}", content(folder / "messages")));
  return drawing;
}

std::string gnuplot_quoted(const std::string& text) {
  std::string out = "'";
  for (std::string_view rest = text; !rest.empty();) {
    const Character c = first_character(rest);
    if (!c.valid || !may_be_shown(c.code))
      out += '?';  // a newline would end the command, bytes that are no UTF-8 the SVG
    else if (c.code == '\'')
      out += "\u2019";  // doubled it would do, but for one at the start, which gnuplot 5.4 takes for two strings
    else
      out += rest.substr(0, c.bytes);
    rest.remove_prefix(c.bytes);
  }
  return out + "'";
}

std::string gnuplot_tic(const std::string& text) {
  std::string doubled;
  for (const char c : text) doubled.append(c == '%' ? 2 : 1, c);
  return gnuplot_quoted(doubled);
}

}  // namespace coterie::inline report
