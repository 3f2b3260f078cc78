#include "coterie/features/weight_file.hpp"

#include <filesystem>

#include "command/all_commands.hpp"
#include "command/job.hpp"
#include "coterie/base/digest.hpp"
#include "coterie/base/nearest_name.hpp"
#include "coterie/base/unicode.hpp"
#include "coterie/features/network.hpp"
#include "coterie/features/published_weights.hpp"
#include "stages/weight_choice.hpp"

namespace coterie::jobs {
namespace {

std::int64_t parameters_of(const WeightFile& weights) {
  std::int64_t sum = 0;
  for (const auto& [name, tensor] : weights.tensors()) sum += static_cast<std::int64_t>(tensor.values.size());
  return sum;
}

std::string origin_of(const std::string& path, const std::string& md5, const std::string& sha256) {
  if (const auto* published = find_published(md5, sha256))
    return fmt::format("{}, as {} published it ({})", published->network, published->origin, published->file);
  const std::string name = std::filesystem::path(path).filename().string();
  const std::string known = explain_unknown(name);
  return known.empty() ? "unknown: no published file has these checksums" : known;
}

void print_fits(const WeightFile& weights) {
  const auto backbones = fitting_backbones(weights);
  if (backbones.empty()) fmt::print("  fits     no backbone of coterie\n");
  for (const auto& backbone : backbones)
    fmt::print("  fits     {}{}\n", backbone.name,
               backbone.note.empty() ? "" : fmt::format(": {}", printable(backbone.note)));
}

void check_weights(const std::string& path) {
  const WeightFile weights = read_weights(path);
  const auto files = files_of_weights(path);
  fmt::print("{}\n  format   {}\n  holds    {} tensors, {} parameters: {}\n", printable(path), weights.format(),
             weights.tensors().size(), parameters_of(weights), printable(some_tensors(weights)));
  for (const auto& file : files) {
    if (files.size() > 1) fmt::print("  file     {}\n", printable(std::filesystem::path(file).filename().string()));
    const std::string md5 = md5_of_file(file), sha256 = sha256_of_file(file);
    fmt::print("  sha256   {}\n  md5      {}\n", sha256, md5);
    if (files.size() == 1) fmt::print("  origin   {}\n", printable(origin_of(path, md5, sha256)));
  }
  print_fits(weights);
  const auto bad = tensors_not_finite(weights);
  if (!bad.empty())
    throw FileError(path, fmt::format("{} of its tensors hold NaN or infinity: {}", bad.size(), fmt::join(bad, ", ")));
  fmt::print("  values   all finite\n");
}

// The tensors whose names begin so, without that beginning.
WeightFile part_of(const WeightFile& weights, const std::string& prefix) {
  WeightFile part(weights.path(), weights.format());
  for (const auto& [name, tensor] : weights.tensors())
    if (name.starts_with(prefix) && name.size() > prefix.size()) part.add(name.substr(prefix.size()), tensor);
  require(!part.tensors().empty(), "{} has no tensor whose name begins with \"{}\"; it holds {}", weights.path(),
          prefix, some_tensors(weights));
  return part;
}

void convert_weights(const Options& options, const std::string& from, const std::string& to) {
  require(to.ends_with(".safetensors"), "\"{}\" must end in .safetensors, which is what weights convert writes", to);
  require(options.flag("overwrite") || !std::filesystem::exists(to), "{} is there already; --overwrite replaces it",
          to);
  const WeightFile weights = part_of(read_weights(from), options.text("prefix"));
  std::map<std::string, std::string> metadata{{"source", std::filesystem::path(from).filename().string()},
                                              {"source_format", weights.format()},
                                              {"source_sha256", digest_of_weights(from)}};
  if (!options.text("prefix").empty()) metadata["source_prefix"] = options.text("prefix");
  write_safetensors(weights, to, metadata);
  fmt::print("made {}: {} tensors, {} parameters\n", printable(to), weights.tensors().size(), parameters_of(weights));
}

void check_or_convert(Job& job) {
  static const std::vector<std::string> kVerbs = {"check", "convert"};
  const auto& words = job.options.words;
  const std::string verb = words.empty() ? "" : words.front();
  require(verb == "check" || verb == "convert",
          "weights knows no \"{}\"{}; weights check FILE and weights convert FILE OUT are there", verb,
          did_you_mean(verb, kVerbs));
  require(verb != "check" || words.size() == 2, "weights check wants one file: coterie weights check FILE");
  require(verb != "convert" || words.size() == 3,
          "weights convert wants two files: coterie weights convert FILE OUT.safetensors");
  job.comm.on_root([&] {
    if (verb == "check") check_weights(words[1]);
    if (verb == "convert" && job.dry_run())
      fmt::print("would make {}\n", printable(words[2]));
    else if (verb == "convert")
      convert_weights(job.options, words[1], words[2]);
  });
}

}  // namespace

Command weights() {
  return {.options = OptionList("weights",
                                {{"prefix", Role::result, OptionType::text, "", "TEXT",
                                  "weights convert: takes only the tensors whose names begin so, without it: "
                                  "teacher.backbone."}},
                                "check FILE"),
          .summary = "checks a weight file, or turns it into a .safetensors",
          .example = "coterie weights check FILE; coterie weights convert FILE OUT.safetensors",
          .run = check_or_convert,
          .needs_study = false};
}

}  // namespace coterie::jobs
