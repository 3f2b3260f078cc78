#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coterie/store/study.hpp"
#include "coterie/study/options.hpp"

namespace coterie::jobs {

/// One command that was run to its end on a study.
struct ManifestCommand {
  std::string when, command_line, version, host;
  std::int64_t ranks = 0, threads = 0;
  double seconds = 0;
  std::string config;  ///< its complete effective configuration, as an INI file
};

/// One generation of an artifact: an artifact that is made again has another one.
struct Generation {
  std::string address;  ///< "features/resnet50"
  std::string content;  ///< ArtifactReader::digest() of it
  Recipe recipe;
  std::string when;       ///< empty in manifests of versions that kept no order
  std::string command;    ///< "extract"
  std::string arguments;  ///< of the command, quoted for a shell, without the study and what only that run did
  std::string job;        ///< Slurm's, with its cluster; empty without Slurm
};

/// The clustering and k that report, export, montage and assign show.
struct Choice {
  std::string clustering;
  std::int64_t k = 0;
  std::string by;       ///< "choose" or "select"
  std::string content;  ///< the clustering's digest when it was chosen
};

/// manifest.json: what was done to a study, in the order in which it was done. It travels with the folder, as file
/// times do not.
struct Manifest {
  std::vector<ManifestCommand> commands;
  std::vector<Generation> generations;  ///< the oldest first
  std::optional<Choice> choice;

  /// The last generation of this artifact, or the one with this content; none when it is not known.
  const Generation* last(const std::string& address) const;
  const Generation* find(const std::string& address, const std::string& content) const;

  /// Of these artifacts the one that was made last; "" where their order is not known.
  std::string newest(const Kind& kind, const std::vector<std::string>& names) const;
};

/// Empty when there is none. Throws FileError when it is damaged.
Manifest read_manifest(const Study& study);

/// Each adds to the file or replaces in it, whole or not at all. One rank.
void record_command(const Study& study, const ManifestCommand& command);
void record_generation(const Study& study, const Generation& generation);
void record_choice(const Study& study, const std::optional<Choice>& choice);

/// One INI file that repeats what was done to the study: of each stage the last configuration.
std::string study_config(const std::vector<ManifestCommand>& commands, const std::vector<const OptionList*>& stages);

/// "--study demo --components 32": the options that were given, quoted for a shell, and before them its words. Without
/// the study and actions where `repeatable` is asked for.
std::string arguments_text(const Options& options, bool repeatable = false);

/// "coterie reduce --study demo --components 32"
std::string command_line_text(const Options& options);

/// "2026-11-22 13:05:09", local time.
std::string timestamp();

/// What this machine calls itself.
std::string host_name();

}  // namespace coterie::jobs
