#include "skipped_table.hpp"

#include "table_file.hpp"

namespace coterie {

void write_skipped(const std::string& stem, const ImageTable& images, const ArtifactReader& features) {
  TableFile skipped(stem + "skipped.csv"), duplicates(stem + "duplicates.csv");
  skipped.line({"path", "fate", "reason"}, ',');
  duplicates.line({"path", "duplicate_of"}, ',');
  const auto fates = final_fates(images, features);
  for (std::size_t i = 0; i < fates.size(); ++i) {
    const std::string reason = images.reasons[i].empty() ? std::string(fate_explanation(fates[i])) : images.reasons[i];
    if (fates[i] != Fate::ok) skipped.line({harmless(images.paths[i]), std::string(fate_name(fates[i])), reason}, ',');
    if (images.duplicate_of[i] >= 0)
      duplicates.line(
          {harmless(images.paths[i]), harmless(images.paths[static_cast<std::size_t>(images.duplicate_of[i])])}, ',');
  }
  skipped.finish();
  duplicates.finish();
}

}  // namespace coterie
