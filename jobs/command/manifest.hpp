#pragma once

#include <string>
#include <vector>

#include "coterie/store/study.hpp"
#include "coterie/study/options.hpp"

namespace coterie::jobs {

/// One command that was run to its end on a study.
struct ManifestEntry {
  std::string when, command_line, version, host;
  int ranks = 0, threads = 0;
  double seconds = 0;
  std::string config;  ///< the complete effective configuration of that command, as an INI file
};

/// Adds a command to the study's manifest.json and lists all artifacts there afresh, with their digests. One rank.
void record_command(const Study& study, const Options& options, int ranks, int threads, double seconds);

/// The commands of the manifest, oldest first; none when there is no manifest.
std::vector<ManifestEntry> read_manifest(const Study& study);

/// One INI file that repeats what was done to the study: of each stage the last configuration.
std::string study_config(const std::vector<ManifestEntry>& entries, const std::vector<std::string>& stages);

/// "coterie reduce --study demo --components 32": the options that were given, quoted for a shell.
std::string command_line_text(const Options& options);

/// "2026-11-22 13:05:09", local time.
std::string timestamp();

/// What this machine calls itself.
std::string host_name();

}  // namespace coterie::jobs
