#include "stages/label_columns.hpp"

#include "command/label_values.hpp"

namespace coterie::jobs {

std::optional<Classes> classes_to_compare(const Job& job, const RowNames& rows, const std::string& column) {
  Classes classes = classes_of(rows, column);
  if (classes.names.empty()) {
    job.say("{}: the images lie in no such folders, so there is no agreement to measure", column);
    return {};
  }
  if (classes.without > 0)
    job.say("{}: {} of {} images have no value and are left out of the agreement", column, classes.without,
            classes.labels.size());
  return classes;
}

std::vector<Classes> read_label_columns(Job& job, const std::string& features) {
  const auto columns = job.options.texts("labels");
  std::vector<Classes> classes;
  std::vector<std::string> digests(columns.size());
  job.comm.on_root([&] {
    if (columns.empty()) return;
    const RowNames names = read_row_names(job.study, features);
    for (std::size_t c = 0; c < columns.size(); ++c) {
      if (auto found = classes_to_compare(job, names, columns[c])) classes.push_back(*std::move(found));
      digests[c] = values_digest(column_of(names, columns[c]));
    }
  });
  for (std::size_t c = 0; c < columns.size(); ++c) {
    job.comm.broadcast(digests[c]);
    job.read_input(kValuesOf + columns[c], digests[c]);
  }
  return classes;
}

}  // namespace coterie::jobs
