#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace coterie {

/// A value as Python's pickle writes it (protocol 2), which Python's pickle.load reads. Values are put one after the
/// other; a container is begun and ended around its own. Opcodes are those of CPython's Lib/pickletools.py.
class PickleWriter {
 public:
  PickleWriter();

  void none() { raw("N"); }
  void integer(std::int64_t value);
  void real(double value);
  /// Bytes that are no UTF-8 become the surrogates that Python has for them in names of files (PEP 383).
  void text(std::string_view value);
  void begin_dict() { raw("}("); }  ///< then key, value, key, value …
  void end_dict() { raw("u"); }
  void begin_list() { raw("]("); }
  void end_list() { raw("e"); }
  void integers(const std::vector<std::int64_t>& values);  ///< a tuple

  /// A float64 array of NumPy's with rows x columns numbers, row-major.
  void matrix(const double* values, std::int64_t rows, std::int64_t columns);

  /// The head of a float32 array as joblib writes it; the numbers are to follow in the file, behind what take() gives.
  /// `mappable`: the file is not compressed.
  void joblib_array(const std::vector<std::int64_t>& shape, bool mappable);

  void global(std::string_view module, std::string_view name);  ///< a class or function of a module
  void raw(std::string_view opcodes) { bytes_ += opcodes; }

  /// What was put since the last time.
  std::string take();
  /// The same, and the end of the pickle.
  std::string finish();

 private:
  std::string bytes_;
};

}  // namespace coterie
