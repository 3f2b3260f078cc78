#include "coterie/base/digest.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "coterie/base/errors.hpp"
#include "temporary_folder.hpp"

namespace coterie {

TEST_CASE("SHA-256 agrees with the standard's examples") {
  // FIPS 180-2, appendix B
  CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST_CASE("the digest of a file is that of its content") {
  const TemporaryFolder folder;
  const std::string path = folder / "abc";
  std::ofstream(path) << "abc";
  CHECK(sha256_of_file(path) == sha256("abc"));
  CHECK_THROWS_AS(sha256_of_file(folder / "nothing"), FileError);
  CHECK(md5_of_file(path) == "900150983cd24fb0d6963f7d28e17f72");  // RFC 1321, A.5
  CHECK_THROWS_AS(md5_of_file(folder / "nothing"), FileError);
}

TEST_CASE("a hash in pieces equals the hash of the whole, and a flipped bit changes it") {
  std::string text(100'000, 'x');
  Hash64 pieces(7);
  pieces.update(text.data(), 1);
  pieces.update(text.data() + 1, text.size() - 1);
  const std::uint64_t whole = hash64(text.data(), text.size(), 7);
  CHECK(pieces.value() == whole);
  text[54'321] ^= 1;
  CHECK(hash64(text.data(), text.size(), 7) != whole);
}

}  // namespace coterie
