#include "coterie/base/digest.hpp"

#include <openssl/evp.h>
#include <xxhash.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <vector>

#include "coterie/base/errors.hpp"

namespace coterie {

std::uint64_t hash64(const void* data, std::size_t bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(data, bytes, seed);
}

struct Hash64::State {
  XXH3_state_t* xxh = XXH3_createState();
  ~State() { XXH3_freeState(xxh); }
};

Hash64::Hash64(std::uint64_t seed) : state_(std::make_unique<State>()) {
  XXH3_64bits_reset_withSeed(state_->xxh, seed);
}
Hash64::~Hash64() = default;
void Hash64::update(const void* data, std::size_t bytes) { XXH3_64bits_update(state_->xxh, data, bytes); }
std::uint64_t Hash64::value() const { return XXH3_64bits_digest(state_->xxh); }

namespace {

// One of OpenSSL's digests, fed in pieces.
class Digest {
 public:
  explicit Digest(const EVP_MD* kind) : context_(EVP_MD_CTX_new()) {
    if (EVP_DigestInit_ex(context_, kind, nullptr) != 1) {
      EVP_MD_CTX_free(context_);
      throw Error(fmt::format("OpenSSL offers no {} here", EVP_MD_name(kind)));
    }
  }
  ~Digest() { EVP_MD_CTX_free(context_); }
  Digest(const Digest&) = delete;
  Digest& operator=(const Digest&) = delete;

  void update(const void* data, std::size_t bytes) { EVP_DigestUpdate(context_, data, bytes); }

  std::string hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int length = 0;
    EVP_DigestFinal_ex(context_, digest.data(), &length);
    std::string text;
    for (unsigned int i = 0; i < length; ++i) text += fmt::format("{:02x}", digest[i]);
    return text;
  }

 private:
  EVP_MD_CTX* context_;
};

std::string digest_of_file(const std::string& path, const EVP_MD* kind) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw FileError(path, fmt::format("cannot be read ({})", std::strerror(errno)));
  Digest digest(kind);
  std::vector<char> buffer(1 << 20);
  while (file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || file.gcount() > 0)
    digest.update(buffer.data(), static_cast<std::size_t>(file.gcount()));
  if (file.bad()) throw FileError(path, "a read error ended it early");
  return digest.hex();
}

}  // namespace

struct Sha256::State {
  Digest digest{EVP_sha256()};
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;
void Sha256::update(const void* data, std::size_t bytes) { state_->digest.update(data, bytes); }
std::string Sha256::hex() { return state_->digest.hex(); }

std::string sha256(std::string_view text) {
  Sha256 digest;
  digest.update(text.data(), text.size());
  return digest.hex();
}

std::string sha256_of_file(const std::string& path) { return digest_of_file(path, EVP_sha256()); }

std::string md5_of_file(const std::string& path) { return digest_of_file(path, EVP_md5()); }

}  // namespace coterie
