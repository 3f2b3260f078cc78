#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "command/command.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/base/thread_pool.hpp"
#include "coterie/dist/communicator.hpp"
#include "coterie/store/study.hpp"

namespace coterie::jobs {

class HeldStudies;

/// What every command of one program run works with.
struct Context {
  const CommandList& commands;
  const Communicator& comm;
  HeldStudies& held;       ///< studies that are locked until the program ends
  bool silent = false;     ///< plan measures: nothing is printed
  const char* maker = "";  ///< the command that makes the whole study, where it is a part of another one
};

/// What every command is given: its options, its ranks, its threads, and the study it works on.
///
/// Whatever a stage reads of the study it takes through here. So it is of one generation, it is said, and it stands in
/// the recipe: none of the three can be forgotten.
struct Job {
  const Context& context;
  const Command& command;
  Options asked;    ///< as they were given
  Options options;  ///< settled
  const Communicator& comm;
  ThreadPool& pool;
  Study study;
  std::int64_t memory_bytes;  ///< that this rank may use for rows
  Recipe recipe;              ///< of what is made: all options that decide results, and everything that was taken

  /// One line for the person, on standard output and in the study's run.log, where the command is about one; the root
  /// alone speaks.
  template <typename... Args>
  void say(fmt::format_string<Args...> format, Args&&... args) const {
    if (speaks()) speak(fmt::format(format, std::forward<Args>(args)...));
  }

  /// Whether this rank talks to the person.
  bool speaks() const { return comm.is_root() && !context.silent; }

  /// Whether only to tell what would be done.
  bool dry_run() const { return options.flag("dry-run"); }

  /// The artifact of this kind that the command works on: the one that its option names, else for a stage that follows
  /// it the study's chosen clustering, else the newest by the manifest; the first line says which. It enters the
  /// recipe. Throws InvalidArgument when there is none, or when it or anything above it is of another generation than
  /// what is there now, with the commands that mend it. Collective.
  std::string take(const Kind& kind);

  /// The same of those that are known by their names, which it does not say.
  void take(const Kind& kind, const std::vector<std::string>& names);

  /// The numbers of clusters to show of a clustering that was taken: --k; else, of the study's chosen clustering, the
  /// chosen one; else none, which means all. Says so. Collective.
  std::vector<std::int64_t> chosen_ks(const std::string& clustering);

  /// Enters something that is read and is no artifact: weights, a file, the values of a column. On all ranks alike.
  void read_input(const std::string& name, const std::string& digest) { recipe.input(name, digest); }

  /// Whether the stage has to work, decided on the root for all; says "is up to date" where not. A dry run says what
  /// would be made, and the answer is false. Throws InvalidArgument that shows what differs where something else has
  /// that name and --overwrite was not given.
  bool must_make(const Kind& kind, const std::string& name) const { return must_make(kind, name, recipe); }
  bool must_make(const Kind& kind, const std::string& name, const Recipe& wanted) const;

  /// --overwrite, but not for what a requeued job made itself before it was stopped. Collective.
  bool overwrites(const Kind& kind, const std::string& name, const Recipe& wanted) const;

  /// Enters a finished artifact into the manifest, and says so.
  void made(const Kind& kind, const std::string& name) const;

 private:
  void speak(const std::string& line) const;
  void record(const Kind& kind, const std::string& name, bool made_now) const;
};

/// Runs a command with these options: resolves threads and memory, locks the study, keeps the manifest.
void run_command(const Context& context, const Command& command, const Options& options);

/// A job of a command on these resources, with its options settled and its recipe begun.
Job make_job(const Context& context, const Command& command, const Options& options, ThreadPool& pool,
             std::int64_t memory_bytes);

}  // namespace coterie::jobs
