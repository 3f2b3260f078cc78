#include "coterie/store/joblib_array.hpp"

#include "coterie/base/errors.hpp"
#include "coterie/base/pickle_writer.hpp"

namespace coterie::inline store {

JoblibArray::JoblibArray(const std::string& path, const std::vector<std::int64_t>& shape) : file_(path) {
  for (const auto length : shape) missing_ *= length;
  PickleWriter head;
  head.joblib_array(shape, true);
  file_.write(head.take());
}

void JoblibArray::put(std::span<const float> values) {
  missing_ -= std::ssize(values);
  file_.write({reinterpret_cast<const char*>(values.data()), values.size_bytes()});
}

void JoblibArray::finish() {
  require(missing_ == 0, "an array of joblib lacks {} of its numbers", missing_);
  file_.write(".");
  file_.finish();
}

}  // namespace coterie::inline store
