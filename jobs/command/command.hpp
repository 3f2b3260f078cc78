#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "coterie/store/kind.hpp"
#include "coterie/store/recipe.hpp"
#include "coterie/study/options.hpp"

namespace coterie::jobs {

struct Job;
struct StageEffort;

/// What plan tries a stage on to see how its time grows (planning/measure_study.hpp).
enum class Trial {
  none,      ///< not measured: what it takes depends on what the person brings
  images,    ///< a sample of the study's own images
  words,     ///< the descriptors of that sample, and what was made of them
  features,  ///< made-up features as wide as the network's
  rows,      ///< made-up rows as wide as what is clustered, with a clustering of them
  pictures,  ///< the sample of images, once it was clustered
};

/// What a stage may make of artifacts that were made from another list of images than the one there is now.
enum class ListChange {
  refuse,  ///< computing on them would mix generations
  join,    ///< tables and pictures of the images that are still the same, with the number left out said
};

/// One stage of a study: all that the rest of the program needs to know of it.
struct Stage {
  /// The kinds of artifact that it reads with these options, those it cannot do without; in a study file it takes what
  /// the stage before it made.
  std::vector<Kind> (*reads)(const Options&);

  /// What it makes; none of a stage that only writes for people.
  std::optional<Kind> makes;

  /// What its artifact is called where --name does not say: `parent` is the artifact that it reads.
  std::string (*name)(const Options&, const std::string& parent) = nullptr;

  /// Raised whenever a change of ours alters what it computes.
  int revision = 1;

  /// Fills in defaults that depend on other options, takes away what means nothing beside them, and refuses what was
  /// given and would be passed over. What is left is the recipe.
  void (*settle)(Options&) = nullptr;

  /// Refuses what these options, settled, alone show to be wrong; a study that consists of several stages is not begun
  /// with one that cannot be done. On the root: it may look for the files that they name.
  void (*check)(const Options&) = nullptr;

  /// Adds what of a recipe is no option of that name; none where there is nothing.
  void (*from_recipe)(const Recipe&, Options&) = nullptr;

  ListChange list_change = ListChange::refuse;
  bool follows_choice = false;  ///< takes the study's chosen clustering by default, instead of the newest

  /// Folders of the study that it writes to for people: "tables", "figures".
  std::vector<std::string> writes = {};

  Trial trial = Trial::none;
  const StageEffort* effort = nullptr;  ///< what it costs (planning/effort.hpp); none: one rank's work, in its images
};

/// One command of the program.
struct Command {
  OptionList options;  ///< with its name
  std::string summary, example;
  void (*run)(Job&);
  bool parallel = false;       ///< gains from several ranks; others work on the root alone
  bool needs_study = true;     ///< is about the study that --study names
  bool writes = false;         ///< into it, though it is no stage: it wants the lock
  std::optional<Stage> stage;  ///< of what may stand in a study file

  const std::string& name() const { return options.command(); }
};

/// All commands, stages in the order of a study. It outlives every Options that was made of it.
using CommandList = std::vector<Command>;

/// The command of that name; throws InvalidArgument that offers the nearest.
const Command& find_command(const CommandList& commands, const std::string& name);

/// The name of the command that the arguments begin with: one word, or two of commands that are several under one
/// ("code make"). Throws InvalidArgument that lists these where the second word is none of them.
std::string called_name(const CommandList& commands, const std::vector<std::string>& arguments);

/// The commands that are called by this word and another one; none of most words.
std::vector<const Command*> commands_under(const CommandList& commands, const std::string& word);

/// The options of each stage, in order: what a study file may hold.
std::vector<const OptionList*> stage_options(const CommandList& commands);

/// The kinds of artifact that the stages make and read, each once, in order.
std::vector<Kind> kinds_of(const CommandList& commands);

/// Everything inside of a study that commands write to, for Study::refuse_links().
std::vector<std::string> places_of(const CommandList& commands);

/// The options with what settle() makes of them; of a command that is no stage as they are.
Options settled(const Command& command, Options options);

/// What the stage's artifact is called: --name where it is given.
std::string artifact_name(const Command& command, const Options& options, const std::string& parent = "");

}  // namespace coterie::jobs
