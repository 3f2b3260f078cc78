#pragma once

#include <fmt/format.h>

#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

namespace coterie {

/// How a command ends, as the shell sees it.
enum class ExitCode : int {
  done = 0,
  failed = 1,
  wrong_use = 2,
  stopped = 75,  ///< stopped in good order, resumable (EX_TEMPFAIL: Slurm scripts requeue on it)
};

/// The root of every error coterie throws. The message says what was found and what the person can do next.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message, ExitCode code = ExitCode::failed)
      : std::runtime_error(message), code_(code) {}
  ExitCode exit_code() const { return code_; }

 private:
  ExitCode code_;
};

/// An argument, option or input value that cannot be right: the person's to mend. Exit code 2.
class InvalidArgument : public Error {
 public:
  explicit InvalidArgument(const std::string& message) : Error(message, ExitCode::wrong_use) {}
};

/// A file or folder that cannot be read or written, or whose content is damaged. The message begins with its path.
class FileError : public Error {
 public:
  FileError(std::string path, const std::string& what) : Error(path + ": " + what), path_(std::move(path)) {}
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// A stop signal was honoured: everything committed is safe and the same command continues it. Exit code 75.
class Stopped : public Error {
 public:
  explicit Stopped(const std::string& message) : Error(message, ExitCode::stopped) {}
};

/// What a person can do something with, of any exception: an Error's own message; where memory ran out the numbers and
/// who set the limit; of the file system's errors the path, the reason and the way out; of others that they were not
/// foreseen.
std::string explanation(const std::exception& error);

/// Throws InvalidArgument with the formatted message unless `condition` holds.
template <typename... Args>
void require(bool condition, fmt::format_string<Args...> message, Args&&... args) {
  if (!condition) throw InvalidArgument(fmt::format(message, std::forward<Args>(args)...));
}

}  // namespace coterie
