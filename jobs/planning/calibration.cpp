#include "planning/calibration.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "coterie/base/errors.hpp"
#include "coterie/base/json_number.hpp"
#include "coterie/base/new_file.hpp"

namespace coterie::jobs {
namespace {

using Json = nlohmann::ordered_json;
constexpr int kFormat = 1;

// Each field that differs, on a line of its own.
std::string difference(const std::map<std::string, std::string>& kept,
                       const std::map<std::string, std::string>& wanted) {
  const auto value = [](const auto& fields, const std::string& name) {
    const auto found = fields.find(name);
    return found == fields.end() ? std::string("not there") : "\"" + found->second + "\"";
  };
  std::map<std::string, std::string> all = kept;
  all.insert(wanted.begin(), wanted.end());
  std::string text;
  for (const auto& [name, ignored] : all)
    if (value(kept, name) != value(wanted, name))
      text += fmt::format("\n  {}: measured with {}, asked for {}", name, value(kept, name), value(wanted, name));
  return text;
}

Calibration parse(const Json& json) {
  Calibration found;
  found.host = json.at("host"), found.processor = json.at("processor");
  found.ranks = static_cast<int>(whole_number(json.at("ranks")));
  found.threads = static_cast<int>(whole_number(json.at("threads")));
  found.interconnect = {json.at("latency"), json.at("bandwidth")};
  found.bytes_an_image = json.at("bytes_an_image");
  found.descriptors_an_image = json.value("descriptors_an_image", 0.0);
  found.largest_pixels = json.value("largest_pixels", 0.0);
  found.network_memory = json.at("network_memory");
  found.node_memory = json.at("node_memory");
  found.shape = json.at("shape");
  for (const auto& [name, part] : json.at("parts").items())
    found.parts[name] = {part.at("serial"), part.at("shared"), part.at("growth")};
  return found;
}

}  // namespace

double Calibration::part_seconds(const std::string& part, double images) const {
  const auto found = parts.find(part);
  return found == parts.end() ? 0 : found->second.shared * std::pow(images, found->second.growth);
}

double Calibration::bytes_of(double images) const {
  constexpr double kBytesOfPhotograph = 150e3;
  return images * (bytes_an_image > 0 ? bytes_an_image : kBytesOfPhotograph);
}

Measured fit(const std::vector<Sample>& samples, int ranks, double least_growth, double most_growth) {
  const Sample last = samples.back();
  if (samples.size() == 1) return {0, ranks * last.seconds / std::pow(last.rows, least_growth), least_growth};
  const Sample first = samples.front(), middle = samples[samples.size() - 2];
  // What is left of the smallest run when its rows are taken away.
  const double slope = std::max(0.0, (middle.seconds - first.seconds) / std::max(middle.rows - first.rows, 1.0));
  const double serial = samples.size() == 2 ? first.seconds - first.rows * std::max(0.0, last.seconds - first.seconds) /
                                                                  (last.rows - first.rows)
                                            : first.seconds - slope * first.rows;
  Measured found{std::clamp(serial, 0.0, first.seconds), 0, least_growth};
  const double above = last.seconds - found.serial, below = middle.seconds - found.serial;
  if (most_growth > least_growth && above > 0 && below > 0)
    found.growth = std::clamp(std::log(above / below) / std::log(last.rows / middle.rows), least_growth, most_growth);
  // Too short to tell growth from noise: then all of it is taken to grow, which predicts too much rather than too
  // little.
  if (last.seconds < 1.2 * first.seconds)
    return {0, ranks * last.seconds / std::pow(last.rows, least_growth), least_growth};
  found.shared = ranks * std::max(above, 0.0) / std::pow(last.rows, found.growth);
  return found;
}

void write_calibration(const std::string& path, const Calibration& calibration) {
  Json parts = Json::object();
  for (const auto& [name, part] : calibration.parts)
    parts[name] = {{"serial", part.serial}, {"shared", part.shared}, {"growth", part.growth}};
  const Json json = {{"coterie_calibration", kFormat},
                     {"host", calibration.host},
                     {"processor", calibration.processor},
                     {"ranks", calibration.ranks},
                     {"threads", calibration.threads},
                     {"latency", calibration.interconnect.latency},
                     {"bandwidth", calibration.interconnect.bandwidth},
                     {"bytes_an_image", calibration.bytes_an_image},
                     {"descriptors_an_image", calibration.descriptors_an_image},
                     {"largest_pixels", calibration.largest_pixels},
                     {"network_memory", calibration.network_memory},
                     {"node_memory", calibration.node_memory},
                     {"parts", parts},
                     {"shape", calibration.shape}};
  write_new_file(path, json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n');
}

Calibration read_calibration(const std::string& path, const std::map<std::string, std::string>& shape) {
  std::ifstream file(path);
  if (!file)
    throw FileError(path, "is not there; make it on a node of the kind that will run: coterie plan --calibrate");
  Calibration found;
  try {
    const Json json = Json::parse(file);
    if (json.at("coterie_calibration") != kFormat)
      throw FileError(path, "is a calibration of another version; make it anew");
    found = parse(json);
  } catch (const Json::exception& error) {
    throw FileError(path, "is no calibration of coterie's, or damaged; make it anew with coterie plan --calibrate");
  }
  const std::string differs = difference(found.shape, shape);
  require(differs.empty(), "{} was measured for another study; calibrate for this one, or name its file{}", path,
          differs);
  return found;
}

}  // namespace coterie::jobs
