#include "coterie/store/recipe.hpp"

#include <nlohmann/json.hpp>

#include "coterie/base/digest.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/base/version.hpp"

namespace coterie {
namespace {

using Fields = std::map<std::string, std::string>;

std::string value_in(const Fields& fields, const std::string& name) {
  const auto found = fields.find(name);
  return found == fields.end() ? "nothing" : found->second;
}

void compare(const Fields& there, const Fields& now, const std::string& what, std::vector<std::string>& lines) {
  Fields all = there;
  all.insert(now.begin(), now.end());
  for (const auto& [name, ignored] : all) {
    const std::string old_value = value_in(there, name), new_value = value_in(now, name);
    if (old_value != new_value)
      lines.push_back(fmt::format("{}{}: {} there, {} now", what, name, old_value, new_value));
  }
}

}  // namespace

Recipe::Recipe(std::string stage, int revision) : stage_(std::move(stage)), revision_(revision) {
  record("coterie", version());
}

std::string Recipe::digest() const {
  const nlohmann::json identity = {
      {"stage", stage_}, {"revision", revision_}, {"parameters", parameters_}, {"inputs", inputs_}};
  return sha256(identity.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

std::vector<std::string> Recipe::differences_from(const Recipe& other) const {
  std::vector<std::string> lines;
  if (stage_ != other.stage_) lines.push_back(fmt::format("stage: {} there, {} now", other.stage_, stage_));
  if (revision_ != other.revision_)
    lines.push_back(fmt::format("revision of {}: {} there, {} now", stage_, other.revision_, revision_));
  compare(other.parameters_, parameters_, "", lines);
  compare(other.inputs_, inputs_, "input ", lines);
  return lines;
}

std::string Recipe::text() const {
  const nlohmann::ordered_json json = {{"stage", stage_},   {"revision", revision_}, {"parameters", parameters_},
                                       {"inputs", inputs_}, {"software", software_}, {"sha256", digest()}};
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

Recipe Recipe::parse(std::string_view text) {
  Recipe recipe;
  try {
    const auto json = nlohmann::json::parse(text);
    json.at("stage").get_to(recipe.stage_);
    json.at("revision").get_to(recipe.revision_);
    json.at("parameters").get_to(recipe.parameters_);
    json.at("inputs").get_to(recipe.inputs_);
    json.at("software").get_to(recipe.software_);
  } catch (const nlohmann::json::exception& error) {
    throw Error(fmt::format("a recipe cannot be read: {}", error.what()));
  }
  return recipe;
}

}  // namespace coterie
