#include "coterie/store/vector_folder.hpp"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "coterie/base/errors.hpp"
#include "coterie/base/number.hpp"

namespace coterie::inline store {
namespace {
namespace fs = std::filesystem;

constexpr const char* kWrapper = "NumpyArrayWrapper";  // of joblib since 0.10
constexpr const char* kAligned = "numpy_array_alignment_bytes";

/// Goes over the opcodes of the pickle in front of an array (Python's pickletools lists them), up to the one that
/// finishes joblib's wrapper; behind it come the numbers themselves.
class WrapperReader {
 public:
  WrapperReader(const std::string& bytes, const std::string& path) : bytes_(bytes), path_(path) {}

  /// Where the numbers begin.
  std::size_t find_numbers() {
    for (int built = 0; built < 2;) {  // the type of the numbers, then the wrapper
      if (texts_.size() > 40) fail("holds more than one array");
      built += step() ? 1 : 0;
    }
    if (std::find(texts_.begin(), texts_.end(), kWrapper) == texts_.end()) fail("holds no array of joblib's");
    if (std::find(texts_.begin(), texts_.end(), kAligned) != texts_.end()) {
      const std::uint64_t padding = take(1);
      at_ += padding;
    }
    return at_;
  }

  bool says(const char* text) const { return std::find(texts_.begin(), texts_.end(), text) != texts_.end(); }

  [[noreturn]] void fail(const std::string& what) const {
    throw FileError(path_, what + "; joblib.dump(array, FILE) without compress writes what is read here");
  }

 private:
  std::uint64_t take(std::size_t count) {
    if (bytes_.size() - at_ < count) fail("ends in the middle");
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count && i < 8; ++i)
      value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes_[at_ + i])) << (8 * i);
    at_ += count;
    return value;
  }

  void text(std::size_t length) {
    if (bytes_.size() - at_ < length) fail("ends in the middle");
    texts_.push_back(bytes_.substr(at_, length));
    at_ += length;
  }

  void line() {
    const auto end = bytes_.find('\n', at_);
    if (end == std::string::npos) fail("ends in the middle");
    text(end - at_);
    ++at_;
  }

  // Whether it was BUILD.
  bool step() {
    const auto code = static_cast<char>(take(1));
    switch (code) {
      case 'b':
        return true;
      case 'c':  // GLOBAL: module and name
        line();
        line();
        return false;
      case 'X':  // BINUNICODE
        text(take(4));
        return false;
      case '\x8c':  // SHORT_BINUNICODE
        text(take(1));
        return false;
      case '\x80':  // PROTO
      case 'K':     // BININT1
      case 'q':     // BINPUT
      case 'h':     // BINGET
        take(1);
        return false;
      case 'M':  // BININT2
        take(2);
        return false;
      case 'J':  // BININT
      case 'r':  // LONG_BINPUT
      case 'j':  // LONG_BINGET
        take(4);
        return false;
      case '\x95':  // FRAME
        take(8);
        return false;
      case '(':
      case ')':
      case '}':
      case 't':
      case 'u':
      case 'R':
      case 'N':
      case '\x81':
      case '\x85':
      case '\x86':
      case '\x87':
      case '\x88':
      case '\x89':
      case '\x93':
      case '\x94':
        return false;
      default:
        fail("is no array that joblib wrote uncompressed");
    }
  }

  const std::string& bytes_;
  const std::string& path_;
  std::size_t at_ = 0;
  std::vector<std::string> texts_;
};

template <typename T>
std::vector<float> numbers_of(std::string_view raw) {
  std::vector<float> values(raw.size() / sizeof(T));
  for (std::size_t i = 0; i < values.size(); ++i) {
    T value;
    std::memcpy(&value, raw.data() + i * sizeof(T), sizeof(T));
    values[i] = static_cast<float>(value);
  }
  return values;
}

std::vector<float> text_vector(const std::string& bytes, const std::string& path) {
  if (bytes.starts_with("PK"))
    throw FileError(path, "is a real .npz; numpy.save its array as .npy, and give that to --file");
  std::vector<float> values;
  std::istringstream words(bytes);
  for (std::string word; words >> word;) {
    float value = 0;
    if (!parse_number(word, value))
      throw FileError(path, fmt::format("number {} is \"{}\"", values.size() + 1, word.substr(0, 40)));
    values.push_back(value);
  }
  return values;
}

}  // namespace

std::vector<float> joblib_vector(const std::string& bytes, const std::string& path) {
  WrapperReader reader(bytes, path);
  const std::size_t begin = reader.find_numbers();
  const std::size_t width = reader.says("f4") ? 4 : reader.says("f8") ? 8 : 0;
  if (width == 0 || reader.says(">")) reader.fail("holds no float32 or float64 of this machine's order");
  if (bytes.size() < begin + 1 + width || bytes.back() != '.' || (bytes.size() - begin - 1) % width != 0)
    reader.fail("does not end where its array does");
  const std::string_view raw = std::string_view(bytes).substr(begin, bytes.size() - begin - 1);
  return width == 4 ? numbers_of<float>(raw) : numbers_of<double>(raw);
}

std::vector<std::string> vector_files(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string suffix = entry.path().extension().string();
    if (entry.is_regular_file() && (suffix == ".dat" || suffix == ".npz" || suffix == ".txt"))
      files.push_back(entry.path().lexically_relative(folder).string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

VectorFolder read_vector_folder(const std::string& folder) {
  VectorFolder found;
  for (const auto& file : vector_files(folder)) {
    const std::string path = fmt::format("{}/{}", folder, file);
    std::ifstream stream(path, std::ios::binary);
    if (!stream) throw FileError(path, "cannot be read");
    const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
    const auto values = file.ends_with(".dat") ? joblib_vector(bytes, path) : text_vector(bytes, path);
    if (found.columns == 0) found.columns = std::ssize(values);
    if (std::ssize(values) != found.columns || values.empty())
      throw FileError(
          path, fmt::format("holds {} numbers, {} before it {}", values.size(), found.names.size(), found.columns));
    found.values.insert(found.values.end(), values.begin(), values.end());
    found.names.push_back(file.substr(0, file.rfind('.')));
  }
  require(!found.names.empty(),
          "{} holds no file with a vector: NAME.dat of joblib, NAME.npz or NAME.txt with a number "
          "on each line",
          folder);
  return found;
}

}  // namespace coterie::inline store
