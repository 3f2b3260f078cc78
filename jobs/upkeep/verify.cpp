#include <filesystem>

#include "command/all_commands.hpp"
#include "command/job.hpp"
#include "command/lineage.hpp"
#include "coterie/artifacts/checkpoint.hpp"
#include "coterie/base/digest.hpp"
#include "coterie/store/feature_file.hpp"

namespace coterie::jobs {
namespace {

// Of the file beside a checkpoint's artifact.
std::string fault_of_weights(const Study& study, const std::string& name) {
  const std::string path = weights_path(study, name);
  if (!std::filesystem::exists(path))
    return fmt::format("its weights {} are missing; make both again with --overwrite", path);
  if (sha256_of_file(path) == CheckpointReader(study, name).weights_sha256()) return "";
  return fmt::format("its weights {} are other bytes than train wrote; make both again with --overwrite", path);
}

// What is wrong with one artifact; empty when nothing is.
std::string fault_of(const Study& study, const Kind& kind, const std::string& name) {
  const std::string path = study.path(kind, name);
  try {
    const ArtifactReader artifact = study.open(kind, name);
    const auto damaged = artifact.damaged();
    if (damaged.empty()) return kind == Kind::checkpoints ? fault_of_weights(study, name) : "";
    const std::string fault = fmt::format("damaged: {}", fmt::join(damaged, ", "));
    const auto blocks = has_journal(artifact) ? damaged_blocks(path) : std::vector<std::int64_t>{};
    if (blocks.empty()) return fault + "; make it again with --overwrite";
    return fault +
           fmt::format("; blocks {}: the same coterie extract computes only those again", fmt::join(blocks, ", "));
  } catch (const FileError& error) {
    return std::string(error.what()).substr(path.size() + 2);  // without the path, which stands before it
  }
}

std::size_t tell_damage(const Job& job, std::size_t& artifacts) {
  std::size_t faulty = 0;
  for (const auto& kind : kinds_of(job.context.commands))
    for (const auto& name : job.study.list(kind)) {
      const std::string fault = fault_of(job.study, kind, name);
      job.say("{}: {}", job.study.path(kind, name), fault.empty() ? "sound" : fault);
      faulty += !fault.empty();
      ++artifacts;
    }
  return faulty;
}

void verify_study(Job& job) {
  job.comm.on_root([&] {
    std::size_t artifacts = 0;
    const std::size_t faulty = tell_damage(job, artifacts);
    const Manifest manifest = read_manifest(job.study);
    const Lineage lineage = lineage_of_all(job.study, job.context.commands, manifest);
    if (faulty == 0 && lineage.current())
      return job.say("all {} artifacts are sound, and of one generation", artifacts);
    if (faulty > 0) job.say("{} of {} artifacts are damaged", faulty, artifacts);
    if (lineage.current()) throw Error(fmt::format("{}: datasets of more than 1 GiB are damaged", job.study.folder()));
    throw Error(refusal_text(job.study, job.context.commands, manifest, lineage));
  });
}

}  // namespace

Command verify() {
  return {.options = OptionList("verify"),
          .summary = "checks every artifact against its checksums, and that all are of one generation",
          .example = "coterie verify --study demo",
          .run = verify_study};
}

}  // namespace coterie::jobs
