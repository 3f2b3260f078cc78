#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace coterie {

/// XXH3-64 of `bytes` bytes: fast (memory speed), for finding damage, not for security.
std::uint64_t hash64(const void* data, std::size_t bytes, std::uint64_t seed = 0);

/// XXH3-64 of data that arrives in pieces; equal to hash64 of the whole.
class Hash64 {
 public:
  explicit Hash64(std::uint64_t seed = 0);
  ~Hash64();
  Hash64(const Hash64&) = delete;
  Hash64& operator=(const Hash64&) = delete;
  void update(const void* data, std::size_t bytes);
  std::uint64_t value() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// SHA-256 of data that arrives in pieces.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void update(const void* data, std::size_t bytes);

  /// The digest as 64 lower-case hexadecimal digits. Call once, last.
  std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// SHA-256 of a text, as 64 hexadecimal digits.
std::string sha256(std::string_view text);

/// SHA-256 of a file's content. Throws FileError when it cannot be read.
std::string sha256_of_file(const std::string& path);

/// MD5 of a file's content, as 32 hexadecimal digits: for checksums that others published, not for security.
/// Throws FileError when it cannot be read; Error where OpenSSL is configured to offer no MD5 (FIPS mode).
std::string md5_of_file(const std::string& path);

}  // namespace coterie
