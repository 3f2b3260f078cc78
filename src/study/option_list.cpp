#include "coterie/study/option_list.hpp"

#include <algorithm>
#include <sstream>

#include "coterie/base/errors.hpp"
#include "coterie/base/nearest_name.hpp"

namespace coterie::inline study {
namespace {

constexpr Option kCommon[] = {
    {"study", Role::place, OptionType::text, "", "DIR", "the study's folder; made when it is not there", 0, kMost, "",
     true},
    {"threads", Role::effort, OptionType::count, "0", "N",
     "threads of each rank; 0: the cores it is bound to, shared among the ranks", 0, 4096, "", true},
    {"memory", Role::effort, OptionType::size, "auto", "SIZE",
     "memory that a rank may use for its rows; auto: half the node's, shared by its ranks", 0, kMost, "", true},
    {"overwrite", Role::action, OptionType::flag, "false", "",
     "make it again, also where it is there and would be the same; replaces what was made otherwise"},
    {"dry-run", Role::action, OptionType::flag, "false", "", "say what would be done, and do nothing"},
    {"hdf5-alignment", Role::effort, OptionType::size, "auto", "SIZE",
     "files that are written begin large datasets at multiples of it; auto: 1 MiB on Lustre and BeeGFS, 4 MiB on GPFS, "
     "else 0: wherever they fit (docs/storage.md)",
     0, kMost, "", true},
    {"dump-config", Role::action, OptionType::flag, "false", "",
     "print the complete effective configuration as an INI file, and do nothing"},
};

// The option's name on the left, its words on the right, wrapped to the width of a terminal.
std::string help_entry(const std::string& name, const std::string& text) {
  constexpr std::size_t kIndent = 26, kWidth = 100;
  std::string entry = fmt::format("  {:<{}}", name, kIndent - 3);
  std::size_t column = entry.size();
  const auto break_line = [&] {
    entry += '\n';
    entry.append(kIndent - 1, ' ');
    column = kIndent - 1;
  };
  if (column >= kIndent) break_line();
  std::istringstream words(text);
  for (std::string word; words >> word; column += word.size() + 1) {
    if (column + 1 + word.size() > kWidth) break_line();
    entry += fmt::format(" {}", word);
  }
  return entry + "\n";
}

std::string help_of(std::span<const Option> options) {
  std::string entries;
  for (const auto& option : options) {
    const std::string value(option.type == OptionType::choice ? option.choices : option.value);
    const bool silent = option.fallback.empty() || (option.type == OptionType::flag && option.fallback == "false");
    const std::string text = std::string(option.help) + (silent ? "" : fmt::format(" [{}]", option.fallback));
    entries += help_entry(fmt::format("--{} {}", option.name, value), text);
  }
  return entries;
}

}  // namespace

std::span<const Option> common_options() { return kCommon; }

OptionList::OptionList(std::string command, std::vector<Option> own, std::string words,
                       const std::vector<Option>& handed_on)
    : command_(std::move(command)), words_(std::move(words)), all_(std::move(own)), own_(all_.size()) {
  all_.insert(all_.end(), std::begin(kCommon), std::end(kCommon));
  shown_ = all_.size();
  for (const auto& option : handed_on)
    if (!takes(option.name)) all_.push_back(option);
}

bool OptionList::takes(std::string_view name) const {
  return std::any_of(all_.begin(), all_.end(), [&](const Option& option) { return option.name == name; });
}

const Option& OptionList::find(std::string_view name) const {
  std::vector<std::string> known;
  for (const auto& option : all_) {
    if (option.name == name) return option;
    known.emplace_back(option.name);
  }
  throw InvalidArgument(
      fmt::format("{} knows no option \"{}\"{}", command_, name, did_you_mean(std::string(name), known)));
}

std::string OptionList::help() const {
  std::string text = own().empty() ? "" : "Options [default]:\n" + help_of(own()) + "\n";
  if (shown_ < all_.size()) text += "Options of the stages are handed on to them: coterie STAGE --help\n\n";
  return text + "Options of every command:\n" + help_of(kCommon);
}

std::vector<Option> joined(const std::vector<const OptionList*>& lists) {
  std::vector<Option> all;
  for (const auto* list : lists)
    for (const auto& option : list->own())
      if (std::none_of(all.begin(), all.end(), [&](const Option& other) { return other.name == option.name; }))
        all.push_back(option);
  return all;
}

}  // namespace coterie::inline study
