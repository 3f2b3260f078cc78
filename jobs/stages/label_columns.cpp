#include "stages/label_columns.hpp"

#include "command/label_values.hpp"

namespace coterie::jobs {

void tell_without(const Job& job, const Classes& classes) {
  if (classes.without > 0)
    job.say("{}: {} of {} images have no value and are left out of the agreement", classes.column, classes.without,
            classes.labels.size());
}

std::vector<Classes> read_label_columns(Job& job, const std::string& features) {
  const auto columns = job.options.texts("labels");
  std::vector<Classes> classes;
  std::vector<std::string> digests(columns.size());
  job.comm.on_root([&] {
    if (columns.empty()) return;
    const RowNames names = read_row_names(job.study, features);
    for (std::size_t c = 0; c < columns.size(); ++c) {
      classes.push_back(classes_of(names, columns[c]));
      tell_without(job, classes.back());
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
