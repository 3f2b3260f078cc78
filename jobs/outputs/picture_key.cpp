#include "outputs/picture_key.hpp"

#include <fmt/format.h>

namespace coterie::jobs {

void add_cells(TableFile& key, const std::vector<std::string>& before,
               const std::vector<std::vector<std::int64_t>>& picked, const RowNames& names,
               const std::vector<float>& distances, int columns) {
  const auto in_a_row = static_cast<std::size_t>(columns);
  for (std::size_t cluster = 0; cluster < picked.size(); ++cluster)
    for (std::size_t cell = 0; cell < picked[cluster].size(); ++cell) {
      const auto row = static_cast<std::size_t>(picked[cluster][cell]);
      std::vector<std::string> fields = before;
      for (const std::size_t number : {cluster, cell / in_a_row + 1, cell % in_a_row + 1})
        fields.push_back(fmt::to_string(number));
      fields.push_back(names.names[row]);
      fields.push_back(fmt::format("{:.9g}", distances[row]));
      key.line(std::move(fields), ',');
    }
}

}  // namespace coterie::jobs
