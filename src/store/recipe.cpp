#include "coterie/store/recipe.hpp"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "coterie/base/digest.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/base/version.hpp"

namespace coterie::inline store {
namespace {

using Fields = std::map<std::string, std::string>;

constexpr std::size_t kDigest = 64;

bool is_digest(std::string_view text) {
  return text.size() == kDigest && text.find_first_not_of("0123456789abcdef") == text.npos;
}

// Of a digest behind a word its beginning: enough to tell two apart.
std::string shown(const std::string& value) {
  constexpr std::size_t kShown = 12;
  if (!is_digest(std::string_view(value).substr(value.rfind(' ') + 1))) return value;
  return value.substr(0, value.size() - kDigest + kShown) + "…";
}

std::string value_in(const Fields& fields, const std::string& name) {
  const auto found = fields.find(name);
  return found == fields.end() ? "" : found->second;
}

// Nobody can read a digest: of one it is said only that it differs.
std::string difference(const std::string& then, const std::string& now) {
  if ((then.empty() || is_digest(then)) && (now.empty() || is_digest(now)))
    return then.empty() ? "not read then, read now" : now.empty() ? "read then, not read now" : "other content now";
  return fmt::format("{} then, {} now", then.empty() ? "nothing" : shown(then), now.empty() ? "nothing" : shown(now));
}

void compare(const Fields& then, const Fields& now, std::vector<std::string>& lines) {
  Fields all = then;
  all.insert(now.begin(), now.end());
  for (const auto& [name, ignored] : all) {
    const auto before = then.find(name), after = now.find(name);
    if (before != then.end() && after != now.end() && before->second == after->second) continue;
    lines.push_back(fmt::format("{}: {}", name, difference(value_in(then, name), value_in(now, name))));
  }
}

// Earlier versions wrote parents as "features NAME", and the list of images as "images".
void move_parents(Fields& inputs, Fields& parents) {
  constexpr std::pair<const char*, const char*> kPrefixes[] = {
      {"features ", "features/"}, {"reduction ", "reductions/"}, {"clustering ", "clusterings/"}, {"images", "images"}};
  for (auto it = inputs.begin(); it != inputs.end();) {
    const auto* found = std::find_if(std::begin(kPrefixes), std::end(kPrefixes),
                                     [&](const auto& prefix) { return it->first.starts_with(prefix.first); });
    if (found == std::end(kPrefixes)) {
      ++it;
      continue;
    }
    parents[found->second + it->first.substr(std::string_view(found->first).size())] = it->second;
    it = inputs.erase(it);
  }
}

}  // namespace

Recipe::Recipe(std::string stage, int revision) : stage_(std::move(stage)), revision_(revision) {
  record("coterie", version());
}

std::string Recipe::parameter(const std::string& name, const std::string& otherwise) const {
  const auto found = parameters_.find(name);
  return found == parameters_.end() ? otherwise : found->second;
}

std::string Recipe::digest() const {
  const nlohmann::json identity = {{"stage", stage_},
                                   {"revision", revision_},
                                   {"parameters", parameters_},
                                   {"parents", parents_},
                                   {"inputs", inputs_}};
  return sha256(identity.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

std::vector<std::string> Recipe::differences_from(const Recipe& other) const {
  std::vector<std::string> lines;
  if (stage_ != other.stage_) lines.push_back(fmt::format("stage: {} then, {} now", other.stage_, stage_));
  if (revision_ != other.revision_)
    lines.push_back(fmt::format("revision of {}: {} then, {} now", stage_, other.revision_, revision_));
  compare(other.parameters_, parameters_, lines);
  Fields parents = other.parents_;
  parents.insert(parents_.begin(), parents_.end());
  for (const auto& [address, ignored] : parents) {
    const auto then = other.parents_.find(address), now = parents_.find(address);
    if (then == other.parents_.end() || now == parents_.end())
      lines.push_back(
          fmt::format("made from {}: {}", address, now == parents_.end() ? "then, not now" : "now, not then"));
    else if (then->second != now->second)
      lines.push_back(fmt::format("made from {}: another one now", address));
  }
  compare(other.inputs_, inputs_, lines);
  return lines;
}

std::string Recipe::text() const {
  const nlohmann::ordered_json json = {{"stage", stage_},     {"revision", revision_}, {"parameters", parameters_},
                                       {"parents", parents_}, {"inputs", inputs_},     {"software", software_},
                                       {"sha256", digest()}};
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
    if (json.contains("parents")) {
      json.at("parents").get_to(recipe.parents_);
      if (json.value("sha256", "") != recipe.digest())
        throw Error("a recipe does not match its SHA-256: it was edited");
    } else {
      move_parents(recipe.inputs_, recipe.parents_);
    }
  } catch (const nlohmann::json::exception& error) {
    throw Error(fmt::format("a recipe cannot be read: {}", error.what()));
  }
  return recipe;
}

}  // namespace coterie::inline store
