#include "coterie/features/weight_file.hpp"

#include <filesystem>

#include "command/all_commands.hpp"
#include "command/job.hpp"
#include "coterie/base/digest.hpp"
#include "coterie/base/nearest_name.hpp"
#include "coterie/base/unicode.hpp"
#include "coterie/features/network.hpp"
#include "coterie/features/published_weights.hpp"

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
  const std::string told = tell_unknown(name);
  return told.empty() ? "unknown: no published file has these checksums" : told;
}

void check_weights(const std::string& path) {
  const WeightFile weights = read_weights(path);
  const std::string md5 = md5_of_file(path), sha256 = sha256_of_file(path);
  const auto backbones = fitting_backbones(weights);
  fmt::print("{}\n  format   {}\n  holds    {} tensors, {} parameters\n  sha256   {}\n  md5      {}\n", printable(path),
             weights.format(), weights.tensors().size(), parameters_of(weights), sha256, md5);
  fmt::print("  origin   {}\n", printable(origin_of(path, md5, sha256)));
  fmt::print("  fits     {}\n",
             backbones.empty() ? "no backbone of coterie" : fmt::format("{}", fmt::join(backbones, ", ")));
  const auto bad = tensors_not_finite(weights);
  if (!bad.empty())
    throw FileError(path, fmt::format("{} of its tensors hold NaN or infinity: {}", bad.size(), fmt::join(bad, ", ")));
  fmt::print("  values   all finite\n");
}

void convert_weights(const std::string& from, const std::string& to, bool overwrite) {
  require(to.ends_with(".safetensors"), "\"{}\" must end in .safetensors, which is what weights convert writes", to);
  require(overwrite || !std::filesystem::exists(to), "{} is there already; --overwrite replaces it", to);
  const WeightFile weights = read_weights(from);
  write_safetensors(weights, to,
                    {{"source", std::filesystem::path(from).filename().string()},
                     {"source_format", weights.format()},
                     {"source_sha256", sha256_of_file(from)}});
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
      convert_weights(words[1], words[2], job.options.flag("overwrite"));
  });
}

}  // namespace

Command weights() {
  return {.options = OptionList("weights", {}, "check FILE"),
          .summary = "checks a weight file, or turns it into a .safetensors",
          .example = "coterie weights check FILE; coterie weights convert FILE OUT.safetensors",
          .run = check_or_convert,
          .needs_study = false};
}

}  // namespace coterie::jobs
