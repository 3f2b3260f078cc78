#include "stages/new_images.hpp"

#include "command/artifact_name.hpp"
#include "command/manifest.hpp"
#include "stages/feature_request.hpp"
#include "stages/weight_choice.hpp"

namespace coterie::jobs {
namespace {

constexpr const char* kName = "new";  // of the features in the study of their own

// The options of a command that works in `folder`: those that were given to assign and that it takes as well.
Options options_for(const Job& job, const std::string& command, const std::string& folder) {
  Options options(command);
  for (const auto& option : option_table()) {
    const std::string name(option.name);
    if (takes(command, option) && takes("assign", option) && job.options.given(name) && name != "name")
      options.set(name, job.options.text(name));
  }
  options.set("study", folder);
  return options;
}

bool makes(const Options& extract, const Recipe& wanted) {
  for (const auto& request : feature_requests(extract)) {
    const bool same_network = request.backbone.plans == nullptr
                                  ? wanted.parameters().at("backbone") == "torchscript"
                                  : wanted.parameters().at("backbone") == request.backbone.name;
    if (!same_network) continue;
    for (const auto& layer : request.layers)
      if (layer.name == wanted.parameters().at("layer")) return true;
  }
  return false;
}

// How extract was called when it made these features, by the manifest; its defaults where that is not known.
Options how_it_was_extracted(const Job& job, const Recipe& made) {
  auto entries = read_manifest(job.study);
  std::reverse(entries.begin(), entries.end());
  for (const auto& entry : entries) {
    try {
      for (const auto& stage : read_study_text(entry.config, "manifest.json", stage_names(), Options("extract")))
        if (stage.command() == "extract" && makes(stage, made)) return stage;
    } catch (const InvalidArgument&) {
      // Another version's options: the next entry may do.
    }
  }
  Options options("extract");
  options.set("backbone", made.parameters().at("backbone"));
  return options;
}

std::string texts_of(const Preprocess& preprocess) { return fmt::format("{}", fmt::join(describe(preprocess), "; ")); }

void require_same(const char* what, const std::string& there, const std::string& now, const char* option) {
  require(there == now,
          "the study's features were made with other {}:\n  there: {}\n  now:   {}\nGive the study's own with {}", what,
          there, now, option);
}

Options extract_options(const Job& job, const std::string& features, const std::string& folder) {
  const Recipe made = ArtifactReader(job.study.path(Kind::features, features)).recipe();
  require(made.stage() == "extract",
          "the features {} were imported, so only the program that made them can make new ones; give those with --file",
          features);
  const Options before = how_it_was_extracted(job, made);
  Options options = options_for(job, "extract", folder);
  for (const char* name : {"preprocess", "exif", "alpha", "fast-decode", "weights"})
    if (!options.given(name) && before.given(name)) options.set(name, before.text(name));
  const std::string backbone = made.parameters().at("backbone");
  options.set("backbone", backbone == "torchscript" ? before.text("backbone") : backbone);
  options.set("layer", made.parameters().at("layer"));
  options.set("name", kName);
  if (!options.given("precision")) options.set("precision", made.parameters().at("precision"));
  const FeatureRequest request = feature_requests(options).front();
  require_same("preprocessing", made.parameters().at("preprocessing"), texts_of(request.preprocess),
               "--preprocess, --exif, --alpha, --fast-decode");
  require_same("weights", made.parameters().at("weights"), choose_weights(job, request).identity, "--weights");
  return options;
}

}  // namespace

std::string make_new_features(const Job& job, const std::string& features, const std::string& folder) {
  require(job.options.given("images") != job.options.given("file"),
          "assign wants either --images (a folder, a list or a CSV) or --file (features made as the study's were)");
  if (job.options.given("file")) {
    Options options = options_for(job, "import", folder);
    options.set("name", kName);
    run_command(find_command("import"), options, job.comm, job.held);
    return kName;
  }
  const Options extract = extract_options(job, features, folder);
  run_command(find_command("scan"), options_for(job, "scan", folder), job.comm, job.held);
  run_command(find_command("extract"), extract, job.comm, job.held);
  return kName;
}

}  // namespace coterie::jobs
