#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace coterie::inline images {

/// The bytes of a tar, forwards.
class TarInput {
 public:
  virtual ~TarInput() = default;
  /// Up to `bytes` bytes; fewer only at the end.
  virtual std::size_t read(std::uint8_t* to, std::size_t bytes) = 0;
  /// Passes over bytes; false when there are not so many.
  virtual bool skip(std::int64_t bytes) = 0;
};

struct TarMember {
  enum class Kind { file, folder, hard_link, symbolic_link, device, sparse, unknown };

  std::string name;  ///< to the letter, from wherever the archive keeps it
  Kind kind = Kind::file;
  char type = '0';          ///< as written
  std::int64_t offset = 0;  ///< of its data in the tar
  std::int64_t bytes = 0;   ///< of its data
};

/// Why a tar cannot be read on. `name` is that of the member it happened in, where one is known.
struct TarDamage {
  std::string name;
  std::string reason;
  bool in_data = false;  ///< the member that next() gave last is not whole
};

/// The members of a tar, one after the other: V7, POSIX ustar and pax, GNU's long names. Reads foreign bytes: every
/// number is checked, and no header makes it hold more than kMostHeader bytes.
class TarReader {
 public:
  static constexpr std::int64_t kMostHeader = std::int64_t{1} << 20;  // of a pax header or a long name

  explicit TarReader(TarInput& input) : input_(input) {}

  /// The next member, or none behind the last. Throws TarDamage.
  std::optional<TarMember> next();

  /// The data of the member that next() gave last, once. Throws TarDamage where they end early.
  std::vector<std::uint8_t> data();

  /// The same of its first bytes, up to so many; the rest is passed over.
  std::vector<std::uint8_t> head(std::int64_t bytes);

 private:
  using Block = std::array<std::uint8_t, 512>;

  struct PaxValues {
    std::optional<std::string> path;
    std::optional<std::int64_t> bytes;
    bool sparse = false;
  };

  bool read_block(Block& block);
  void pass_data();
  TarMember member_of(const Block& header);
  void take_extension(const TarMember& extension);
  void take_pax(std::span<const std::uint8_t> records, PaxValues& values);
  void pass_sparse_map(const Block& header);
  void check_end();

  TarInput& input_;
  std::int64_t at_ = 0;         // bytes taken so far
  std::int64_t remaining_ = 0;  // of the current member's data and its padding, not passed yet
  TarMember current_;
  PaxValues global_, local_;  // the latter of the next member alone
};

}  // namespace coterie::inline images
