#include "collective_check.hpp"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <thread>

#include "coterie/base/errors.hpp"
#include "coterie/dist/message_tags.hpp"
#include "mpi_status.hpp"

namespace coterie::inline dist {
namespace {

template <std::size_t N>
void write_text(std::string_view text, std::array<char, N>& to) {
  std::copy_n(text.begin(), std::min(text.size(), N - 1), to.begin());
}

// "kmeans/lloyd.cpp": folder and file tell them all apart.
std::string_view last_two_parts(std::string_view path) {
  const auto name = path.rfind('/');
  if (name == std::string_view::npos || name == 0) return path;
  const auto folder = path.rfind('/', name - 1);
  return folder == std::string_view::npos ? path : path.substr(folder + 1);
}

}  // namespace

CollectiveCheck::CollectiveCheck(MPI_Comm comm, double patience) : patience_(patience) {
  check_mpi(MPI_Comm_dup(comm, &comm_), "MPI_Comm_dup");
  check_mpi(MPI_Comm_rank(comm_, &rank_), "MPI_Comm_rank");
  check_mpi(MPI_Comm_size(comm_, &size_), "MPI_Comm_size");
  all_.resize(static_cast<std::size_t>(size_));
  requests_.assign(2 * all_.size(), MPI_REQUEST_NULL);
}

void CollectiveCheck::compare(const Collective& mine) {
  if (failed()) throw Error(failure_);
  mine_ = announcement_of(mine);
  const bool complete = exchange();
  if (!complete) {
    std::vector<int> missing;
    for (int rank = 0; rank < size_; ++rank)
      if (!come(rank)) missing.push_back(rank);
    fail(fmt::format("rank {} did not come to a collective within {} s", fmt::join(missing, ", "), patience_),
         "It has ended, waits elsewhere, or wants more time: COTERIE_CHECK_COLLECTIVES is the seconds to wait.");
  }
  if (std::any_of(all_.begin(), all_.end(), [&](const Announcement& other) { return other != mine_; }))
    fail("the ranks are about to begin different collectives", "This is a mistake in coterie; please report it.");
  ++agreed_;
  last_ = mine_;
}

CollectiveCheck::Announcement CollectiveCheck::announcement_of(const Collective& collective) {
  Announcement made;
  made.count = collective.count;
  made.root = collective.root;
  made.line = collective.where.line;
  write_text(collective.name, made.name);
  write_text(last_two_parts(collective.where.file), made.file);
  return made;
}

// True when all have come.
bool CollectiveCheck::exchange() {
  constexpr int bytes = sizeof(Announcement);
  static_assert(std::is_trivially_copyable_v<Announcement>);
  for (int rank = 0; rank < size_; ++rank) {
    const auto r = static_cast<std::size_t>(rank);
    check_mpi(MPI_Irecv(&all_[r], bytes, MPI_BYTE, rank, kCollectiveCheckTag, comm_, &requests_[r]), "MPI_Irecv");
    check_mpi(MPI_Isend(&mine_, bytes, MPI_BYTE, rank, kCollectiveCheckTag, comm_, &requests_[all_.size() + r]),
              "MPI_Isend");
  }
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration<double>(patience_);
  while (true) {
    int complete = 0;
    check_mpi(MPI_Testall(static_cast<int>(requests_.size()), requests_.data(), &complete, MPI_STATUSES_IGNORE),
              "MPI_Testall");
    if (complete || std::chrono::steady_clock::now() > deadline) return complete != 0;
    std::this_thread::yield();
  }
}

bool CollectiveCheck::come(int rank) const {
  int there = 0;
  check_mpi(MPI_Request_get_status(requests_[static_cast<std::size_t>(rank)], &there, MPI_STATUS_IGNORE),
            "MPI_Request_get_status");
  return there != 0;
}

std::string CollectiveCheck::Announcement::text() const {
  std::string said = name.data();
  if (count != Collective::kUncounted) said += fmt::format(", {} of them", count);
  if (root != Collective::kRootless) said += fmt::format(", from rank {}", root);
  return fmt::format("{} at {}:{}", said, file.data(), line);
}

// One line for each different announcement, with the ranks that made it.
std::string CollectiveCheck::groups() const {
  std::string lines;
  std::vector<bool> sent(all_.size(), false);
  for (int first = 0; first < size_; ++first) {
    const Announcement& said = all_[static_cast<std::size_t>(first)];
    std::vector<int> ranks;
    for (int rank = first; rank < size_; ++rank) {
      const auto r = static_cast<std::size_t>(rank);
      if (sent[r] || all_[r] != said || !come(rank)) continue;
      sent[r] = true;
      ranks.push_back(rank);
    }
    if (!ranks.empty()) lines += fmt::format("\n  rank {}: {}", fmt::join(ranks, ", "), said.text());
  }
  return lines;
}

void CollectiveCheck::fail(const std::string& what, const std::string& remedy) {
  failure_ = fmt::format("{}:{}\nthey agreed on {} before, the last: {}\n{}", what, groups(), agreed_,
                         agreed_ > 0 ? last_.text() : "none", remedy);
  throw Error(failure_);
}

}  // namespace coterie::inline dist
