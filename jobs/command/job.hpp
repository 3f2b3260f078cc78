#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "coterie/base/errors.hpp"
#include "coterie/base/thread_pool.hpp"
#include "coterie/dist/communicator.hpp"
#include "coterie/store/study.hpp"
#include "coterie/study/options.hpp"

namespace coterie::jobs {

class HeldStudies;

/// What every command is given: its options, its ranks, its threads, and the study it works on.
struct Job {
  const Options& options;
  const Communicator& comm;
  ThreadPool& pool;
  Study study;
  std::int64_t memory_bytes;  ///< that this rank may use for rows
  HeldStudies& held;          ///< studies that are locked until the program ends
  bool silent = false;        ///< a rehearsal: nothing is said

  /// One line for the person, on standard output and in the study's run.log; the root alone speaks.
  template <typename... Args>
  void say(fmt::format_string<Args...> format, Args&&... args) const {
    if (speaks()) speak(fmt::format(format, std::forward<Args>(args)...));
  }

  /// Whether this rank talks to the person.
  bool speaks() const { return comm.is_root() && !silent; }

  /// Whether only to tell what would be done.
  bool dry_run() const { return options.flag("dry-run"); }

  /// The standing of the artifact at `path` under `recipe`, decided on the root for all. Says "up to date" itself.
  /// True when the stage has to work; then a dry run says so and the answer is false.
  bool must_make(const std::string& path, const Recipe& recipe) const;

  void made(const std::string& path) const { say("made {}", path); }

 private:
  void speak(const std::string& line) const;
};

/// One command of the program.
struct Command {
  const char* name;
  const char* summary;
  void (*run)(Job&);
  bool parallel;        ///< gains from several ranks; others work on the root alone
  bool stage;           ///< may stand in a study file
  const char* example;  ///< for --help
};

/// All commands, stages in the order of a study.
const std::vector<Command>& commands();

/// The command of that name; throws InvalidArgument that offers the nearest.
const Command& find_command(const std::string& name);

/// The names of those that may stand in a study file, in that order.
std::vector<std::string> stage_names();

void scan(Job&);
void extract(Job&);
void import_features(Job&);
void reduce(Job&);
void cluster(Job&);
void evaluate(Job&);
void select(Job&);
void compare(Job&);
void assign_images(Job&);
void plan(Job&);
void montage(Job&);
void report(Job&);
void export_tables(Job&);
void run_study(Job&);
void submit(Job&);
void info(Job&);
void weights(Job&);
void verify(Job&);

/// Runs a command with these options: resolves threads and memory, locks the study, keeps the manifest.
void run_command(const Command& command, const Options& options, const Communicator& comm, HeldStudies& held);

}  // namespace coterie::jobs
