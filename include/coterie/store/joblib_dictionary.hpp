#pragma once

#include <memory>
#include <span>
#include <string>

namespace coterie::inline store {

/// A file as joblib.dump({name: vector, ...}, FILE, compress=True) writes it: a dictionary of float32 vectors, as zlib.
/// It appears when it is whole; one vector is in memory at a time. Throws FileError.
class JoblibDictionary {
 public:
  explicit JoblibDictionary(const std::string& path);
  ~JoblibDictionary();

  void put(const std::string& name, std::span<const float> values);
  void finish();

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;
};

}  // namespace coterie::inline store
