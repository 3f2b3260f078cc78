#include "coterie/h5/objects.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iterator>

#include "coterie/base/array_bytes.hpp"
#include "coterie/base/new_file.hpp"

namespace coterie::h5 {
namespace {

herr_t keep_innermost(unsigned, const H5E_error2_t* error, void* text) {
  if (error->desc != nullptr) *static_cast<std::string*>(text) = error->desc;
  return 0;
}

herr_t collect_dataset(hid_t, const char* name, const H5O_info_t* info, void* names) {
  if (info->type == H5O_TYPE_DATASET) static_cast<std::vector<std::string>*>(names)->emplace_back(name);
  return 0;
}

std::string innermost_reason() {
  std::string text;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, keep_innermost, &text);
  return text.empty() ? "no reason given" : text;
}

// HDF5 tells the system's error within a long line: "... errno = 28, error message = 'No space left on device', ...".
// 0 when there is none, or one of which there is no more to say.
int system_error_in(const std::string& reason) {
  const std::string mark = "errno = ";
  const auto at = reason.find(mark);
  const int error = at == std::string::npos ? 0 : std::atoi(reason.c_str() + at + mark.size());
  return error == ENOSPC || error == EDQUOT || error == EFBIG || error == EROFS || error == EACCES ? error : 0;
}

bool writes(std::string_view call) {
  constexpr std::string_view kWriting[] = {"H5Fcreate", "H5Dcreate2", "H5Acreate2", "H5Lcreate_external", "H5Dwrite",
                                           "H5Awrite",  "H5Adelete",  "H5Fflush",   "H5Dclose",           "H5Fclose"};
  return std::find(std::begin(kWriting), std::end(kWriting), call) != std::end(kWriting);
}

std::atomic<bool> failed = false;

}  // namespace

void Id::close() {
  if (id_ >= 0 && !failed) H5Idec_ref(id_);
  id_ = H5I_INVALID_HID;
}

bool write_failed() { return failed; }

void quiet() { H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr); }

hid_t check(hid_t status, const char* call, const std::string& path) {
  if (status >= 0) return status;
  std::string reason = innermost_reason();
  const bool writing = writes(call);
  if (writing) failed = true;
  if (const int error = system_error_in(reason); error != 0)
    reason = write_fault(path, error);
  else if (writing && (disk_is_full(path) || file_sizes_are_limited()))  // MPI-IO tells no errno
    reason = write_fault(path, 0);
  throw FileError(path, fmt::format("{} failed: {}", call, reason));
}

Id open_file(const std::string& path, bool writable) {
  quiet();
  if (!std::filesystem::exists(path)) throw FileError(path, "is not there");
  if (access(path.c_str(), R_OK) != 0) throw FileError(path, fmt::format("cannot be read ({})", std::strerror(errno)));
  const hid_t file = H5Fopen(path.c_str(), writable ? H5F_ACC_RDWR : H5F_ACC_RDONLY, H5P_DEFAULT);
  if (file < 0 && H5Fis_hdf5(path.c_str()) == 0) throw FileError(path, "is no HDF5 file, or its start is damaged");
  return Id(check(file, "H5Fopen", path));
}

Id simple_space(const std::vector<std::int64_t>& shape) {
  if (shape.empty()) return Id(H5Screate(H5S_SCALAR));
  const std::vector<hsize_t> dimensions(shape.begin(), shape.end());
  return Id(H5Screate_simple(static_cast<int>(shape.size()), dimensions.data(), nullptr));
}

std::vector<std::int64_t> shape_of(hid_t dataset, const std::string& path) {
  const Id space(check(H5Dget_space(dataset), "H5Dget_space", path));
  const auto rank = check(H5Sget_simple_extent_ndims(space), "H5Sget_simple_extent_ndims", path);
  std::vector<hsize_t> dimensions(static_cast<std::size_t>(rank));
  check(H5Sget_simple_extent_dims(space, dimensions.data(), nullptr), "H5Sget_simple_extent_dims", path);
  return {dimensions.begin(), dimensions.end()};
}

std::int64_t elements_of(hid_t dataset, const std::string& path) {
  constexpr double kMostPacked = 2000;  // elements in a stored byte; deflate reaches 1032
  const auto shape = shape_of(dataset, path);
  const auto elements = array_bytes(shape, 1);
  const auto stored = static_cast<double>(H5Dget_storage_size(dataset));
  if (!elements || static_cast<double>(*elements) > kMostPacked * stored)
    throw FileError(
        path, fmt::format("has a dataset of {} elements in {:g} bytes: damaged", fmt::join(shape, " × "), stored));
  return *elements;
}

// Fixed length: a variable-length text could not be written through MPI-IO. An empty text is kept as one NUL.
void write_text_attribute(hid_t object, const char* name, std::string_view text, const std::string& path) {
  const Id type(H5Tcopy(H5T_C_S1));
  const std::string padded = text.empty() ? std::string(1, '\0') : std::string(text);
  check(H5Tset_size(type, padded.size()), "H5Tset_size", path);
  check(H5Tset_cset(type, H5T_CSET_UTF8), "H5Tset_cset", path);
  check(H5Tset_strpad(type, H5T_STR_NULLPAD), "H5Tset_strpad", path);
  if (has_attribute(object, name) && read_text_attribute(object, name, path).size() != text.size())
    check(H5Adelete(object, name), "H5Adelete", path);
  const Id space(H5Screate(H5S_SCALAR));
  const Id attribute(has_attribute(object, name)
                         ? check(H5Aopen(object, name, H5P_DEFAULT), "H5Aopen", path)
                         : check(H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT), "H5Acreate2", path));
  check(H5Awrite(attribute, type, padded.data()), "H5Awrite", path);
}

std::string read_text_attribute(hid_t object, const char* name, const std::string& path) {
  const Id attribute(check(H5Aopen(object, name, H5P_DEFAULT), "H5Aopen", path));
  const Id type(check(H5Aget_type(attribute), "H5Aget_type", path));
  const Id space(check(H5Aget_space(attribute), "H5Aget_space", path));
  // Anything else would be read past the end of the text.
  if (H5Tget_class(type) != H5T_STRING || H5Tis_variable_str(type) > 0 || H5Sget_simple_extent_npoints(space) != 1)
    throw FileError(path, fmt::format("attribute \"{}\" is not what coterie writes there: edited, or damaged", name));
  std::string text(H5Tget_size(type), '\0');
  check(H5Aread(attribute, type, text.data()), "H5Aread", path);
  text.resize(std::strlen(text.c_str()));
  return text;
}

bool has_attribute(hid_t object, const char* name) { return H5Aexists(object, name) > 0; }

std::vector<std::string> attribute_names(hid_t object, const std::string& path) {
  const auto collect = [](hid_t, const char* name, const H5A_info_t*, void* names) -> herr_t {
    static_cast<std::vector<std::string>*>(names)->emplace_back(name);
    return 0;
  };
  std::vector<std::string> names;
  check(H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, nullptr, collect, &names), "H5Aiterate2", path);
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> dataset_names(hid_t file, const std::string& path) {
  std::vector<std::string> names;
  check(H5Ovisit2(file, H5_INDEX_NAME, H5_ITER_INC, collect_dataset, &names, H5O_INFO_BASIC), "H5Ovisit2", path);
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> link_names(hid_t file, const std::string& path) {
  const auto collect = [](hid_t, const char* name, const H5L_info_t* link, void* names) -> herr_t {
    if (link->type != H5L_TYPE_HARD) static_cast<std::vector<std::string>*>(names)->emplace_back(name);
    return 0;
  };
  std::vector<std::string> names;
  check(H5Lvisit(file, H5_INDEX_NAME, H5_ITER_INC, collect, &names), "H5Lvisit", path);
  std::sort(names.begin(), names.end());
  return names;
}

bool holds(hid_t file, const std::string& name) {
  quiet();
  if (name == "/") return true;
  for (std::size_t end = name.find('/', 1);; end = name.find('/', end + 1)) {
    const std::string part = name.substr(0, end);
    H5L_info_t link;
    if (H5Lexists(file, part.c_str(), H5P_DEFAULT) <= 0 || H5Lget_info(file, part.c_str(), &link, H5P_DEFAULT) < 0 ||
        link.type != H5L_TYPE_HARD)
      return false;
    if (end == std::string::npos) return H5Oexists_by_name(file, name.c_str(), H5P_DEFAULT) > 0;
  }
}

Id open_dataset(hid_t file, const std::string& name, const std::string& path) {
  if (!holds(file, name)) throw FileError(path, fmt::format("has no dataset \"{}\"", name));
  const hid_t opened = H5Dopen2(file, name.c_str(), H5P_DEFAULT);
  if (opened < 0) throw FileError(path, fmt::format("has no dataset \"{}\"", name));
  Id dataset(opened);
  const Id creation(check(H5Dget_create_plist(dataset), "H5Dget_create_plist", path));
  if (H5Pget_layout(creation) == H5D_VIRTUAL || H5Pget_external_count(creation) > 0)
    throw FileError(path, fmt::format("its dataset \"{}\" lies in other files; refused", name));
  return dataset;
}

std::string type_name(hid_t dataset) {
  const Id type(H5Dget_type(dataset));
  const std::pair<hid_t, const char*> kNames[] = {{H5T_IEEE_F32LE, "float32"}, {H5T_IEEE_F64LE, "float64"},
                                                  {H5T_STD_I32LE, "int32"},    {H5T_STD_I64LE, "int64"},
                                                  {H5T_STD_U8LE, "uint8"},     {H5T_STD_U64LE, "uint64"}};
  for (const auto& [known, name] : kNames)
    if (H5Tequal(type, known) > 0) return name;
  return H5Tis_variable_str(type) > 0 ? "text" : "other";
}

Id string_type() {
  Id type(H5Tcopy(H5T_C_S1));
  H5Tset_size(type, H5T_VARIABLE);
  H5Tset_cset(type, H5T_CSET_UTF8);
  return type;
}

}  // namespace coterie::h5
