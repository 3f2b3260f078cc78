#include "coterie/store/joblib_dictionary.hpp"

#include <zlib.h>

#include <array>

#include "coterie/base/errors.hpp"
#include "coterie/base/new_file.hpp"
#include "coterie/base/pickle_writer.hpp"

namespace coterie::inline store {

// joblib's NumpyArrayWrapper stands in the pickle where the array does, and the numbers follow behind it, in the midst
// of the opcodes (joblib/numpy_pickle.py).
struct JoblibDictionary::Stream {
  explicit Stream(const std::string& path) : file(path) {
    constexpr int kLevel = 3;  // joblib's, of compress=True
    require(deflateInit(&deflating, kLevel) == Z_OK, "{}: zlib cannot begin", path);
  }
  ~Stream() { deflateEnd(&deflating); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  void write(std::string_view bytes, int flush = Z_NO_FLUSH) {
    // zlib takes its input without const and leaves it as it is.
    deflating.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    deflating.avail_in = static_cast<uInt>(bytes.size());
    do {
      std::array<char, 1 << 16> out;
      deflating.next_out = reinterpret_cast<Bytef*>(out.data());
      deflating.avail_out = static_cast<uInt>(out.size());
      deflate(&deflating, flush);
      file.write({out.data(), out.size() - deflating.avail_out});
    } while (deflating.avail_out == 0);
  }

  NewFile file;
  z_stream deflating{};
  PickleWriter pickle;
};

JoblibDictionary::JoblibDictionary(const std::string& path) : stream_(std::make_unique<Stream>(path)) {
  stream_->pickle.begin_dict();
}

JoblibDictionary::~JoblibDictionary() = default;

void JoblibDictionary::put(const std::string& name, std::span<const float> values) {
  stream_->pickle.text(name);
  stream_->pickle.joblib_array({std::ssize(values)}, false);
  stream_->write(stream_->pickle.take());
  stream_->write({reinterpret_cast<const char*>(values.data()), values.size_bytes()});
}

void JoblibDictionary::finish() {
  stream_->pickle.end_dict();
  stream_->write(stream_->pickle.finish(), Z_FINISH);
  stream_->file.finish();
}

}  // namespace coterie::inline store
