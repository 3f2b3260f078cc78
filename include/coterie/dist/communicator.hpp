#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "coterie/dist/call_site.hpp"

namespace coterie::inline dist {

/// A group of ranks that work together: the one place where coterie speaks MPI.
///
/// Every method but rank(), size(), is_root(), local_rank(), local_size(), send(), receive() and try_receive() is
/// collective: all ranks call it, in the same order. There is no floating-point sum on purpose: its bits would depend
/// on the number of ranks. Sum integers (see ExactScale) or merge over a fixed tree instead.
///
/// Any MPI failure throws Error naming the call and the rank. Messages of more than 2^31-1 elements are split here.
///
/// With COTERIE_CHECK_COLLECTIVES=SECONDS in rank 0's environment the ranks tell each other, before each collective,
/// what they are about to begin. Where that differs in operation, count, root or call site, or where a rank does not
/// come for so long, it throws Error with what each rank was about to begin and where. Otherwise `where` is not used.
class Communicator {
 public:
  /// All ranks that mpirun or srun started; one rank when started without them. Initialises MPI on first use
  /// (MPI_THREAD_FUNNELED: only the thread that called world() first may communicate).
  static const Communicator& world();

  /// This rank alone. Shares nothing, sends nothing.
  static const Communicator& self();

  /// Ends MPI in good order; call once, last. abort() ends all ranks at once with `code`.
  static void finalize(CallSite where = CallSite::here());
  [[noreturn]] static void abort(int code);

  /// Where Open MPI's mpirun started the ranks: ends them all with `code`, in such a way that mpirun, which explains a
  /// rank that exits with another code than 0 in a dozen lines, adds nothing to what was said. All ranks call it,
  /// having come to an end; on a rank alone it ends that one. Returns where anything else started them.
  static void end_quietly(int code);

  int rank() const { return rank_; }
  int size() const { return size_; }
  bool is_root() const { return rank_ == 0; }

  /// This rank's number among the ranks on the same node, and how many those are.
  int local_rank() const { return local_rank_; }
  int local_size() const { return local_size_; }

  void barrier(CallSite where = CallSite::here()) const;

  /// Replaces each element by the sum, minimum or maximum over ranks of the elements in that place.
  /// The caller guarantees that no sum overflows.
  void sum(std::span<std::int64_t> values, CallSite where = CallSite::here()) const;
  void min(std::span<std::int64_t> values, CallSite where = CallSite::here()) const;
  void max(std::span<std::int64_t> values, CallSite where = CallSite::here()) const;
  void min(std::span<double> values, CallSite where = CallSite::here()) const;
  void max(std::span<double> values, CallSite where = CallSite::here()) const;

  std::int64_t sum(std::int64_t value, CallSite where = CallSite::here()) const;
  std::int64_t max(std::int64_t value, CallSite where = CallSite::here()) const;
  double max(double value, CallSite where = CallSite::here()) const;

  /// True on every rank if `value` is true on any.
  bool any(bool value, CallSite where = CallSite::here()) const;

  /// Copies root's bytes to every rank. The sizes agree beforehand.
  void broadcast_bytes(void* data, std::size_t bytes, int root = 0, CallSite where = CallSite::here()) const;
  template <typename T>
  void broadcast(std::span<T> values, int root = 0, CallSite where = CallSite::here()) const {
    broadcast_bytes(values.data(), values.size_bytes(), root, where);
  }

  /// Copies root's text to every rank, whatever its length.
  void broadcast(std::string& text, int root = 0, CallSite where = CallSite::here()) const;

  /// Concatenates all ranks' elements in rank order; on every rank.
  std::vector<std::byte> gather_all_bytes(const void* data, std::size_t bytes, CallSite where = CallSite::here()) const;
  template <typename T>
  std::vector<T> gather_all(std::span<const T> values, CallSite where = CallSite::here()) const {
    const auto bytes = gather_all_bytes(values.data(), values.size_bytes(), where);
    const auto* first = reinterpret_cast<const T*>(bytes.data());
    return {first, first + bytes.size() / sizeof(T)};
  }

  /// The same in place, where all ranks know beforehand who brings how much: `all` holds rank r's `sizes[r]` elements
  /// behind those of the ranks before it, at first its own alone.
  void gather_in_place_bytes(void* all, std::span<const std::int64_t> bytes, CallSite where = CallSite::here()) const;
  template <typename T>
  void gather_in_place(std::span<T> all, std::span<const std::int64_t> sizes, CallSite where = CallSite::here()) const {
    gather_in_place_bytes(all.data(), bytes_of(sizes, sizeof(T)), where);
  }

  /// Each rank to each other and to itself: from `sent`, which holds `to_each[r]` elements for each rank r, into
  /// `received`, which has room for `from_each[r]` of each, in the order of ranks. What one rank sends another expects.
  void exchange_bytes(const void* sent, std::span<const std::int64_t> to_each, void* received,
                      std::span<const std::int64_t> from_each, CallSite where = CallSite::here()) const;
  template <typename T>
  void exchange(std::span<const T> sent, std::span<const std::int64_t> to_each, std::span<T> received,
                std::span<const std::int64_t> from_each, CallSite where = CallSite::here()) const {
    exchange_bytes(sent.data(), bytes_of(to_each, sizeof(T)), received.data(), bytes_of(from_each, sizeof(T)), where);
  }

  /// One rank to one rank, blocking; the receiver knows the size. A message of a few bytes is sent without waiting for
  /// the receiver: every MPI has room for it. `tag`: its use, of message_tags.hpp.
  void send(const void* data, std::size_t bytes, int to, int tag) const;
  void receive(void* data, std::size_t bytes, int from, int tag) const;

  /// A message of exactly `bytes` with this tag, from whichever rank, if one has come: its sender; returns at once.
  /// Throws Error when it has another size.
  std::optional<int> try_receive(void* data, std::size_t bytes, int tag) const;

  /// Runs `action` on every rank; if it throws on any, all ranks throw the error of the lowest such rank, with
  /// the same type of exit code and "(rank R)" added where there is more than one rank. This is how a local
  /// failure becomes everybody's decision.
  void together(const std::function<void()>& action, CallSite where = CallSite::here()) const;

  /// The same for work that only the root does.
  void on_root(const std::function<void()>& action, CallSite where = CallSite::here()) const;

  /// Whether all ranks call this within so many seconds: how a rank that failed learns whether the others failed
  /// with it, or still wait for it somewhere and have to be ended with abort(). Once the answer was no it stays so, at
  /// once.
  bool all_arrive(double seconds) const;

  /// The MPI_Comm, as an integer handle, for pending sums, shared memory and the store's HDF5 calls only; and what
  /// says, where ranks are checked, that this rank is about to begin a collective called `name` there.
  std::uintptr_t native_handle() const;
  void announce(const char* name, CallSite where = CallSite::here()) const;

 private:
  struct Handle;
  explicit Communicator(std::unique_ptr<Handle> handle);
  ~Communicator();

  static std::vector<std::int64_t> bytes_of(std::span<const std::int64_t> sizes, std::size_t element);

  std::unique_ptr<Handle> handle_;
  int rank_ = 0, size_ = 1, local_rank_ = 0, local_size_ = 1;
};

}  // namespace coterie::inline dist
