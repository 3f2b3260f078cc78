#pragma once

#include <mpi.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "coterie/dist/call_site.hpp"

namespace coterie::inline dist {

/// A collective that this rank is about to begin. All of it must agree on all ranks.
struct Collective {
  static constexpr std::int64_t kUncounted = -1;  ///< each rank brings what it has
  static constexpr int kRootless = -1;

  const char* name = "";  ///< with the type of the elements, such as "sum of int64"
  CallSite where;
  std::int64_t count = kUncounted;
  int root = kRootless;
};

/// Proves that all ranks take the same collectives in the same order: each tells all others what it is about to begin,
/// over a communicator of its own, so that ranks in different collectives meet here instead of waiting for ever there.
///
/// Costs one message of 128 bytes to and from each other rank for each collective: for tests and for finding mistakes.
class CollectiveCheck {
 public:
  /// Collective. `patience`: seconds that a rank waits for the others before it calls them missing.
  CollectiveCheck(MPI_Comm comm, double patience);

  /// Before each collective. Throws Error where the ranks differ, on all of them, or when some do not come in time, on
  /// those that came: with what each was about to begin, and where. From then on it throws the same at once, so that no
  /// rank waits while the error passes.
  void compare(const Collective& mine);

  /// Whether compare() has thrown.
  bool failed() const { return !failure_.empty(); }

 private:
  struct Announcement {
    std::int64_t count = 0;
    std::int32_t root = 0;
    std::uint32_t line = 0;
    std::array<char, 40> name{};
    std::array<char, 72> file{};  // its last two parts

    bool operator==(const Announcement&) const = default;
    std::string text() const;
  };

  static Announcement announcement_of(const Collective& collective);
  bool exchange();
  bool come(int rank) const;
  std::string groups() const;
  [[noreturn]] void fail(const std::string& what, const std::string& remedy);

  MPI_Comm comm_ = MPI_COMM_NULL;
  double patience_ = 0;
  int rank_ = 0, size_ = 1;
  std::int64_t agreed_ = 0;  // collectives so far
  Announcement last_;        // of them
  std::string failure_;
  // Members, since MPI may still write to them after a wait that was given up.
  Announcement mine_;
  std::vector<Announcement> all_;
  std::vector<MPI_Request> requests_;  // one to receive from each rank, then one to send to each
};

}  // namespace coterie::inline dist
