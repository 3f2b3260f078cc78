#include "outputs/skipped_table.hpp"

namespace coterie::jobs {

std::string final_fate_name(Fate fate) { return fate == Fate::pending ? "not grouped" : std::string(fate_name(fate)); }

std::string final_fate_explanation(Fate fate) {
  return fate == Fate::pending
             ? "The image came into the list, or was changed, after the features were made: it has no cluster yet."
             : std::string(fate_explanation(fate));
}

void write_skipped(const std::string& stem, const ImageTable& images, const std::vector<Fate>& fates, TableText text) {
  TableFile skipped(stem + "skipped.csv", text), duplicates(stem + "duplicates.csv", text);
  skipped.line({"path", "fate", "reason"}, ',');
  duplicates.line({"path", "duplicate_of"}, ',');
  for (std::size_t i = 0; i < fates.size(); ++i) {
    const std::string reason = images.reasons[i].empty() ? final_fate_explanation(fates[i]) : images.reasons[i];
    if (fates[i] != Fate::ok) skipped.line({images.paths[i], final_fate_name(fates[i]), reason}, ',');
    if (images.duplicate_of[i] >= 0)
      duplicates.line({images.paths[i], images.paths[static_cast<std::size_t>(images.duplicate_of[i])]}, ',');
  }
  skipped.finish();
  duplicates.finish();
}

}  // namespace coterie::jobs
