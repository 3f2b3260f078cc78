#include "command/lineage.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "command/label_values.hpp"
#include "coterie/artifacts/clustering.hpp"
#include "coterie/artifacts/descriptors.hpp"
#include "coterie/artifacts/features.hpp"
#include "coterie/artifacts/row_names.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/base/shell_quoted.hpp"

namespace coterie::jobs {
namespace {

constexpr std::int64_t kMostChecked = std::int64_t{1} << 30;  // bytes: about a second of reading

Kind kind_of(const CommandList& commands, const std::string& address) {
  const std::string folder = address.substr(0, address.find('/'));
  for (const auto& kind : kinds_of(commands))
    if (Study::address(kind, "") == folder + "/") return kind;
  return Kind::images;
}

std::string name_in(const std::string& address) { return address.substr(address.find('/') + 1); }

// What became of the list since these features or descriptors were made.
std::string list_changes(const Study& study, const Kind& kind, const std::string& name) {
  const ImageTable table = read_image_table(study.images_path());
  const RowMatch match = kind == Kind::descriptors ? match_rows(DescriptorReader(study, name).identities(), table)
                                                   : match_rows(FeatureReader(study, name), table);
  return list_changes_text({std::ssize(match.without), match.gone, match.changed});
}

// What an artifact says of itself; nothing where it cannot be read.
Recipe recipe_there(const Study& study, const std::string& address) {
  try {
    return study.holds(address) ? ArtifactReader(study.path(address)).recipe() : Recipe();
  } catch (const FileError&) {
    return {};
  }
}

// Where no manifest has kept how it was made.
std::string arguments_of(const CommandList& commands, const std::string& address, const Recipe& recipe) {
  const bool known = std::any_of(commands.begin(), commands.end(),
                                 [&](const auto& each) { return each.stage && each.name() == recipe.stage(); });
  return known ? arguments_text(options_of(commands, address, recipe), true) : "";
}

class Walk {
 public:
  Walk(const Study& study, const CommandList& commands, const Manifest& manifest)
      : study_(study), commands_(commands), manifest_(manifest) {}

  // Whether it has to be made again.
  bool visit(const std::string& address) {
    if (!seen_.insert(address).second) return is_again(address);
    bool again = false;
    const Recipe recipe = recipe_of(address, again);
    for (const auto& [parent, content] : recipe.parents())
      again |= parent == "images" ? compare_list(address, content) : compare_parent(address, parent, content);
    again |= compare_values(address, recipe);
    if (again) found_.again.push_back(address);
    return again;
  }

  Lineage found() { return std::move(found_); }

 private:
  bool is_again(const std::string& address) const {
    return std::find(found_.again.begin(), found_.again.end(), address) != found_.again.end();
  }

  // Of one that cannot be read as the manifest has it: what it was made from may be stale, too.
  Recipe recipe_of(const std::string& address, bool& damaged) {
    try {
      const ArtifactReader artifact = study_.open(kind_of(commands_, address), name_in(address));
      require_sound(artifact);
      return artifact.recipe();
    } catch (const FileError& error) {
      damaged = true;
      found_.stale.push_back({address, error.what(), Stale::Fault::damaged});
      const Generation* made = manifest_.last(address);
      return made == nullptr ? Recipe() : made->recipe;
    }
  }

  bool compare_list(const std::string& address, const std::string& content) {
    if (!study_.holds("images")) return missing(address, "images");
    if (visit("images") || damaged(address)) return true;
    const ArtifactReader images = study_.open(Kind::images, "images");
    // What was made by versions before named the whole file instead of its usable images.
    if (usable_digest(images) == content || images.digest() == content) return false;
    found_.stale.push_back({address,
                            fmt::format("was made from another list of images ({})",
                                        list_changes(study_, kind_of(commands_, address), name_in(address))),
                            Stale::Fault::list});
    return true;
  }

  bool compare_parent(const std::string& address, const std::string& parent, const std::string& content) {
    if (!study_.holds(parent)) return missing(address, parent);
    const bool above = visit(parent);
    if (damaged(parent)) return true;  // whether it was this generation cannot be seen any more
    const ArtifactReader there = study_.open(kind_of(commands_, parent), name_in(parent));
    if (there.digest() == content) return above;
    found_.stale.push_back(
        {address, fmt::format("was made from {} as it was before: {}", parent, change(parent, content, there)),
         Stale::Fault::parent});
    return true;
  }

  // Of metadata columns, as they are for the features below the first clustering that it was made from.
  bool compare_values(const std::string& address, const Recipe& recipe) {
    std::vector<std::string> other;
    for (const auto& [input, digest] : recipe.inputs()) {
      if (!input.starts_with(kValuesOf)) continue;
      const RowNames* names = names_below(recipe);
      if (names == nullptr) return false;  // reported already: something above is not there
      const std::string column = input.substr(std::string_view(kValuesOf).size());
      const auto values = find_column(*names, column);
      if (!values || values_digest(*values) != digest) other.push_back(column);
    }
    if (other.empty()) return false;
    const bool other_list = std::any_of(found_.stale.begin(), found_.stale.end(),
                                        [](const auto& each) { return each.fault == Stale::Fault::list; });
    found_.stale.push_back(
        {address,
         fmt::format("was made with {} of the metadata column {}",
                     other_list ? "the earlier list's values" : "other values", fmt::join(other, ", ")),
         Stale::Fault::parent});
    return true;
  }

  // None where what it is read from is not there.
  const RowNames* names_below(const Recipe& recipe) {
    const auto& parents = recipe.parents();
    const auto clustering = std::find_if(parents.begin(), parents.end(), [](const auto& parent) {
      return parent.first.starts_with(Study::address(Kind::clusterings, ""));
    });
    if (clustering == parents.end() || !study_.holds(clustering->first)) return nullptr;
    if (damaged(clustering->first)) return nullptr;
    const std::string features = ClusteringReader(study_, name_in(clustering->first)).features();
    if (damaged(Study::address(Kind::features, features)) || damaged("images")) return nullptr;
    if (const auto found = names_.find(features); found != names_.end()) return &found->second;
    if (!study_.holds(Kind::features, features)) return nullptr;
    if (!FeatureReader(study_, features).imported() && !study_.holds("images")) return nullptr;
    return &names_.emplace(features, read_row_names(study_, features)).first->second;
  }

  bool damaged(const std::string& address) const {
    return std::any_of(found_.stale.begin(), found_.stale.end(), [&](const auto& each) {
      return each.address == address && each.fault == Stale::Fault::damaged;
    });
  }

  bool missing(const std::string& address, const std::string& parent) {
    found_.stale.push_back(
        {address, fmt::format("was made from {}, which is not there any more", parent), Stale::Fault::parent});
    if (seen_.insert(parent).second) found_.again.push_back(parent);
    return true;
  }

  std::string change(const std::string& parent, const std::string& content, const ArtifactReader& there) const {
    const Generation* before = manifest_.find(parent, content);
    const Generation* now = manifest_.find(parent, there.digest());
    const std::string when = now == nullptr || now->when.empty() ? "" : " on " + now->when;
    const auto differences =
        before == nullptr ? std::vector<std::string>{} : there.recipe().differences_from(before->recipe);
    return fmt::format("it was made again{}{}", when,
                       differences.empty() ? "" : fmt::format(" ({})", fmt::join(differences, "; ")));
  }

  const Study& study_;
  const CommandList& commands_;
  const Manifest& manifest_;
  Lineage found_;
  std::set<std::string> seen_;
  std::map<std::string, RowNames> names_;  ///< of features, once read
};

}  // namespace

std::string list_changes_text(const ListChanges& changes) {
  std::vector<std::string> texts;
  const auto add = [&](std::int64_t count, const char* what) {
    if (count > 0) texts.push_back(fmt::format("{} {}", count, what));
  };
  add(changes.fresh, "new");
  add(changes.gone, "gone");
  add(changes.changed, "with other bytes");
  texts.insert(texts.end(), changes.columns.begin(), changes.columns.end());
  return texts.empty() ? "in another order" : fmt::format("{}", fmt::join(texts, ", "));
}

bool Lineage::only(Stale::Fault fault) const {
  return std::all_of(stale.begin(), stale.end(), [&](const auto& each) { return each.fault == fault; });
}

bool Lineage::any(Stale::Fault fault) const {
  return std::any_of(stale.begin(), stale.end(), [&](const auto& each) { return each.fault == fault; });
}

void require_sound(const ArtifactReader& artifact) {
  static_cast<void>(artifact.digest());  // throws where an attribute or a dataset was changed, added or removed
  for (const auto& dataset : artifact.datasets())
    if (artifact.type(dataset) == "text" || artifact.place(dataset).bytes <= kMostChecked)
      artifact.require_sound(dataset);
}

Lineage lineage_of(const Study& study, const CommandList& commands, const Manifest& manifest,
                   const std::vector<std::string>& addresses) {
  Walk walk(study, commands, manifest);
  for (const auto& address : addresses) walk.visit(address);
  return walk.found();
}

Lineage lineage_of_all(const Study& study, const CommandList& commands, const Manifest& manifest) {
  std::vector<std::string> all;
  for (const auto& kind : kinds_of(commands))
    for (const auto& name : study.list(kind)) all.push_back(Study::address(kind, name));
  return lineage_of(study, commands, manifest, all);
}

Options options_of(const CommandList& commands, const std::string& address, const Recipe& recipe) {
  const Command& command = find_command(commands, recipe.stage());
  Options options(command.options);
  for (const auto& [parameter, value] : recipe.parameters())
    if (command.options.takes(parameter)) options.set(parameter, value);
  for (const auto& [parent, ignored] : recipe.parents())
    if (const char* one = kind_of(commands, parent).one; command.options.takes(one)) options.set(one, name_in(parent));
  if (command.options.takes("name")) options.set("name", name_in(address));
  if (command.stage->from_recipe != nullptr) command.stage->from_recipe(recipe, options);
  return options;
}

std::vector<std::string> commands_for(const Study& study, const CommandList& commands, const Manifest& manifest,
                                      const std::vector<std::string>& addresses, Again again) {
  std::vector<std::string> lines;
  for (const auto& address : addresses) {
    const Generation* made = manifest.last(address);
    const bool known = made != nullptr && !made->command.empty();
    const std::string maker = kind_of(commands, address).maker;  // of features it names two
    const Recipe recipe = known ? Recipe() : recipe_there(study, address);
    const std::string command = known                    ? "coterie " + made->command
                                : recipe.stage().empty() ? maker.substr(0, maker.find(" ("))
                                                         : "coterie " + recipe.stage();
    const std::string arguments = known ? made->arguments : arguments_of(commands, address, recipe);
    std::string line = fmt::format("{} --study {}{}{}{}", command, shell_quoted(study.folder()),
                                   arguments.empty() ? "" : " ", arguments, again == Again::yes ? " --overwrite" : "");
    if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(std::move(line));
  }
  return lines;
}

std::string refusal_text(const Study& study, const CommandList& commands, const Manifest& manifest,
                         const Lineage& lineage, const std::string& last) {
  std::vector<std::string> reasons;
  for (const auto& each : lineage.stale)
    reasons.push_back(each.fault == Stale::Fault::damaged
                          ? each.reason
                          : fmt::format("{} {}", study.path(each.address), each.reason));
  auto lines = commands_for(study, commands, manifest, lineage.again);
  if (!last.empty() && std::find(lines.begin(), lines.end(), last) == lines.end()) lines.push_back(last);
  return fmt::format("{}.\nRun, in this order:\n  {}", fmt::join(reasons, ".\n"), fmt::join(lines, "\n  "));
}

void refuse(const Study& study, const CommandList& commands, const Manifest& manifest, const Lineage& lineage,
            const std::string& last) {
  throw Error(refusal_text(study, commands, manifest, lineage, last),
              lineage.any(Stale::Fault::damaged) ? ExitCode::failed : ExitCode::wrong_use);
}

}  // namespace coterie::jobs
