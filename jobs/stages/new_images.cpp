#include "stages/new_images.hpp"

#include "coterie/artifacts/codebook.hpp"
#include "coterie/artifacts/features.hpp"
#include "coterie/images/listing.hpp"
#include "stages/feature_request.hpp"
#include "stages/new_bags.hpp"
#include "stages/weight_choice.hpp"

namespace coterie::jobs {
namespace {

constexpr const char* kName = kNewImages;  // of the features in the study of their own

// The options of a command that works in `folder`: those that were given to assign and that it takes as well.
Options options_for(const Job& job, const std::string& command, const std::string& folder) {
  Options options(find_command(job.context.commands, command).options);
  options.take_over(job.asked);
  options.set("study", folder);
  return options;
}

// Whether assign was given a preprocessing of its own.
bool departs(const Options& options) {
  return options.given("preprocess") || options.given("exif") || options.given("alpha") || options.given("levels") ||
         options.given("fast-decode");
}

void require_same(const char* what, const std::string& there, const std::string& now, const char* option) {
  require(there == now,
          "the study's features were made with other {}:\n  there: {}\n  now:   {}\nGive the study's own with {}", what,
          there, now, option);
}

// As the recipe of the study's features says they were made; what was given to assign has to give the same.
Options extract_options(const Job& job, const std::string& features, const std::string& folder) {
  const Recipe made = FeatureReader(job.study, features).recipe();
  require(made.stage() == "extract",
          "the features {} were imported, so only the program that made them can make new ones; give those with --file",
          features);
  const std::string settings = preprocess_settings(made);
  require(!settings.empty(), "{} was made by an earlier version, which did not keep how: coterie extract --overwrite",
          job.study.path(Kind::features, features));
  Options options = options_for(job, "extract", folder);
  const std::string weights = made.inputs().at("weights");
  const std::string known = weights_used(made);
  const bool script = made.parameter("backbone") == "torchscript";
  options.set("backbone", script ? known : made.parameter("backbone"));
  options.set("layer", made.parameter("layer"));
  options.set("name", kName);
  if (!options.given("precision")) options.set("precision", made.parameter("precision"));
  if (!options.given("weights") && !script) options.set("weights", known);
  if (!departs(options)) options.set("preprocess", settings);
  const FeatureRequest request = feature_requests(options).front();
  require_same("preprocessing", settings, preprocess_settings(request.preprocess),
               "--preprocess, --exif, --alpha, --levels, --fast-decode");
  require_same("weights", weights, choose_weights(job, request).identity, "--weights");
  return options;
}

// Bags of the study's words; of tf-idf with the study's own frequencies.
std::string make_new_bags(const Job& job, const Recipe& made, const std::string& folder) {
  const std::string address = made.parents().begin()->first;
  const CodebookReader codebook(job.study, address.substr(address.find('/') + 1));
  const Documents bags = count_new_words(job, codebook, folder);
  const Study fresh(folder, Kind::assignments.maker);
  Recipe recipe = Recipe("codebook", 1);
  recipe.set("weighting", made.parameter("weighting"));
  const DescriptorReader descriptors(fresh, kNewImages);
  recipe.parent(Study::address(Kind::descriptors, kNewImages), descriptors.digest());
  recipe.input("codebook", codebook.digest());
  job.comm.on_root([&] {
    write_computed(fresh.path(Kind::features, kNewImages), recipe,
                   BagRows(bags, word_weighting_of(made.parameter("weighting")), &codebook.documents()),
                   descriptors.identities(), descriptors.statuses());
  });
  return kNewImages;
}

}  // namespace

void check_new_images(const Options& options) {
  require(options.given("images") != options.given("file"),
          "assign wants either --images (a folder, a list or a CSV) or --file (features made as the study's were)");
}

std::string make_new_features(const Job& job, const std::string& features, const std::string& folder) {
  check_new_images(job.options);
  if (const Recipe made = FeatureReader(job.study, features).recipe();
      made.stage() == "codebook" && job.options.given("images"))
    return make_new_bags(job, made, folder);
  Context inside = job.context;
  inside.maker = Kind::assignments.maker;
  const auto run = [&](const char* command, const Options& options) {
    run_command(inside, find_command(job.context.commands, command), options);
  };
  if (job.options.given("file")) {
    Options options = options_for(job, "import", folder);
    options.set("name", kName);
    // Which columns are features is as it was for the study's, unless this time something else is asked for.
    const Recipe made = FeatureReader(job.study, features).recipe();
    for (const char* option : {"feature-columns", "name-column", "header"})
      if (!options.given(option) && is_table_file(options.text("file")) &&
          !(options.given("names") && option == std::string_view("name-column")))
        options.set(option, made.parameter(option));
    run("import", options);
    return kName;
  }
  const Options extract = extract_options(job, features, folder);
  run("scan", options_for(job, "scan", folder));
  run("extract", extract);
  return kName;
}

}  // namespace coterie::jobs
