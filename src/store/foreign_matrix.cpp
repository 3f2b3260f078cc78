#include "coterie/store/foreign_matrix.hpp"

#include <algorithm>

#include "coterie/base/float16.hpp"
#include "coterie/base/nearest_name.hpp"
#include "coterie/h5/objects.hpp"

namespace coterie::inline store {

NpyRows::NpyRows(const std::string& path) : file_(path), header_(read_npy_header(path)) {
  if (header_.shape.size() != 2)
    throw FileError(path,
                    fmt::format("has {} dimensions; a matrix of images × numbers is wanted", header_.shape.size()));
  if (header_.fortran_order) throw FileError(path, "is in Fortran order; save it with numpy.ascontiguousarray");
  if (header_.type != "<f2" && header_.type != "<f4" && header_.type != "<f8")
    throw FileError(path,
                    fmt::format("holds elements of type '{}'; float16, float32 or float64 is wanted", header_.type));
}

void NpyRows::read(RowRange range, float* out) const {
  const std::int64_t count = range.size() * columns(), first = range.begin * columns();
  if (header_.type == "<f4") return file_.read(out, count * 4, header_.data_offset + first * 4);
  if (header_.type == "<f2") {
    std::vector<std::uint16_t> narrow(static_cast<std::size_t>(count));
    file_.read(narrow.data(), count * 2, header_.data_offset + first * 2);
    std::transform(narrow.begin(), narrow.end(), out, from_float16);
    return;
  }
  std::vector<double> wide(static_cast<std::size_t>(count));
  file_.read(wide.data(), count * 8, header_.data_offset + first * 8);
  std::transform(wide.begin(), wide.end(), out, [](double value) { return static_cast<float>(value); });
}

std::unique_ptr<RowSource> read_hdf5_matrix(const std::string& path, const std::string& dataset) {
  const h5::Id file = h5::open_file(path, false);
  const auto names = h5::dataset_names(file, path);
  if (std::find(names.begin(), names.end(), dataset) == names.end())
    throw FileError(path, fmt::format("has no dataset \"{}\", only: {}{}", dataset, fmt::join(names, ", "),
                                      did_you_mean(dataset, names)));
  const h5::Id data = h5::open_dataset(file, dataset, path);
  const auto shape = h5::shape_of(data, path);
  if (shape.size() != 2)
    throw FileError(path, fmt::format("dataset \"{}\" has {} dimensions, not two", dataset, shape.size()));
  std::vector<float> values(static_cast<std::size_t>(h5::elements_of(data, path)));
  h5::check(H5Dread(data, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), "H5Dread", path);
  return std::make_unique<OwnedRows>(std::move(values), shape[0], shape[1]);
}

}  // namespace coterie::inline store
