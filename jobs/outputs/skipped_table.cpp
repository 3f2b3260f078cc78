#include "outputs/skipped_table.hpp"

namespace coterie::jobs {

std::string final_status_name(ImageStatus status) {
  return status == ImageStatus::pending ? "not grouped" : std::string(status_name(status));
}

std::string final_status_explanation(ImageStatus status) {
  return status == ImageStatus::pending
             ? "The image came into the list, or was changed, after the features were made: it has no cluster yet."
             : std::string(status_explanation(status));
}

void write_skipped(const std::string& stem, const ImageTable& images, const std::vector<ImageStatus>& statuses,
                   TableText text) {
  TableFile skipped(stem + "skipped.csv", text), duplicates(stem + "duplicates.csv", text);
  skipped.line({"path", "status", "reason"}, ',');
  duplicates.line({"path", "duplicate_of"}, ',');
  for (std::size_t i = 0; i < statuses.size(); ++i) {
    const std::string reason = images.reasons[i].empty() ? final_status_explanation(statuses[i]) : images.reasons[i];
    if (statuses[i] != ImageStatus::ok) skipped.line({images.paths[i], final_status_name(statuses[i]), reason}, ',');
    if (images.duplicate_of[i] >= 0)
      duplicates.line({images.paths[i], images.paths[static_cast<std::size_t>(images.duplicate_of[i])]}, ',');
  }
  skipped.finish();
  duplicates.finish();
}

}  // namespace coterie::jobs
