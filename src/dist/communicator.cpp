#include "coterie/dist/communicator.hpp"

#include <dlfcn.h>
#include <mpi.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <numeric>
#include <thread>

#include "collective_check.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/base/number.hpp"
#include "coterie/dist/message_tags.hpp"
#include "coterie/dist/stop_signal.hpp"
#include "launched.hpp"
#include "mpi_status.hpp"

namespace coterie::inline dist {
namespace {

constexpr std::size_t kMaxCount = INT_MAX;

std::atomic<int> known_rank = -1;  // in MPI_COMM_WORLD, once MPI has begun

// One process that nobody launched needs no other: without this, Open MPI would start a daemon beside it and listen on
// every interface of the machine. Nor does it need a session folder, whose parent in TMPDIR the processes of a user
// share: where one removes it while another begins, MPI_Init fails. hwloc is kept from asking X servers for their
// graphics cards.
void keep_to_itself() {
  setenv("HWLOC_COMPONENTS", "-gl", 0);
  for (const char* launched : {"OMPI_COMM_WORLD_SIZE", "PMIX_NAMESPACE", "PMI_RANK", "PMI_FD"})
    if (std::getenv(launched) != nullptr) return;
  setenv("OMPI_MCA_ess_singleton_isolated", "1", 0);
  setenv("OMPI_MCA_orte_create_session_dirs", "0", 0);
  setenv("OMPI_MCA_btl", "self", 0);
}

// What the process was when it began: Open MPI's mpirun sets this for the ranks that it starts, srun does not.
bool started_by_mpirun() { return known_rank >= 0 && std::getenv("OMPI_COMM_WORLD_SIZE") != nullptr; }

// The switch of Open MPI 4 for its explanations (mpirun --quiet), which here keeps MPI_Abort from adding six lines to
// what was said. MPI_T shows it but does not let it be set, and set from the beginning it would hide what is wrong when
// MPI does not start. nullptr in another MPI.
bool* mpirun_quiet() { return static_cast<bool*>(dlsym(RTLD_DEFAULT, "orte_execute_quiet")); }

// Ended at once, mpirun loses what is still on its way to the terminal.
constexpr auto kUntilForwarded = std::chrono::milliseconds(200);
constexpr auto kMostUntilEnded = std::chrono::seconds(3);  // of ranks that wait to be ended by the root

void initialise() {
  int running = 0;
  MPI_Initialized(&running);
  if (running) return;
  keep_to_itself();
  // Without mpirun, MPI_Init binds the process to one core (Open MPI 4.1); the binding found before is put back.
  cpu_set_t mask;
  const bool known = sched_getaffinity(0, sizeof mask, &mask) == 0;
  // Open MPI's shared file pointers, which nobody here uses, cost each MPI-IO file a lock file beside it and the file
  // system's fcntl locks (a job that is killed leaves that file behind), or semaphores in /dev/shm that everybody may
  // read, named after the artifact: in all studies alike.
  setenv("OMPI_MCA_sharedfp", "^lockedfile,sm", 0);
  int provided = 0;
  check_mpi(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
  if (known) sched_setaffinity(0, sizeof mask, &mask);
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  known_rank = rank;
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
}

template <typename T>
MPI_Datatype mpi_type();
template <>
MPI_Datatype mpi_type<std::int64_t>() {
  return MPI_INT64_T;
}
template <>
MPI_Datatype mpi_type<double>() {
  return MPI_DOUBLE;
}

template <typename T>
void reduce(std::span<T> values, MPI_Op operation, MPI_Comm comm) {
  for (std::size_t begin = 0; begin < values.size(); begin += kMaxCount) {
    const auto count = static_cast<int>(std::min(kMaxCount, values.size() - begin));
    check_mpi(MPI_Allreduce(MPI_IN_PLACE, values.data() + begin, count, mpi_type<T>(), operation, comm),
              "MPI_Allreduce");
  }
}

void copy_bytes(void* data, std::size_t bytes, int root, MPI_Comm comm) {
  for (std::size_t begin = 0; begin < bytes; begin += kMaxCount) {
    const auto count = static_cast<int>(std::min(kMaxCount, bytes - begin));
    check_mpi(MPI_Bcast(static_cast<char*>(data) + begin, count, MPI_BYTE, root, comm), "MPI_Bcast");
  }
}

void copy_text(std::string& text, int root, MPI_Comm comm) {
  auto length = static_cast<std::int64_t>(text.size());
  copy_bytes(&length, sizeof length, root, comm);
  text.resize(static_cast<std::size_t>(length));
  copy_bytes(text.data(), text.size(), root, comm);
}

// Rank r's `sizes[r]` bytes lie where they belong; displacements are ints, so that more than 2 GiB go part by part.
void gather_parts(std::byte* all, std::span<const std::int64_t> sizes, MPI_Comm comm) {
  if (std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0}) <= std::numeric_limits<int>::max()) {
    const std::vector<int> counts(sizes.begin(), sizes.end());
    std::vector<int> begins(counts.size());
    std::exclusive_scan(counts.begin(), counts.end(), begins.begin(), 0);
    check_mpi(MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, all, counts.data(), begins.data(), MPI_BYTE, comm),
              "MPI_Allgatherv");
    return;
  }
  for (int r = 0; r < std::ssize(sizes); all += sizes[static_cast<std::size_t>(r++)])
    copy_bytes(all, static_cast<std::size_t>(sizes[static_cast<std::size_t>(r)]), r, comm);
}

// Seconds; 0 when nothing is to be checked. Rank 0's word counts: a launcher may keep an environment from the others.
double check_patience(MPI_Comm comm) {
  double seconds = 0;
  if (const char* wanted = std::getenv("COTERIE_CHECK_COLLECTIVES"))
    seconds = parse_as<double>(wanted, 0, std::numeric_limits<double>::max()).value_or(-1);
  copy_bytes(&seconds, sizeof seconds, 0, comm);
  require(seconds >= 0, "COTERIE_CHECK_COLLECTIVES is the seconds that ranks wait for each other, such as 300; or 0");
  return seconds;
}

}  // namespace

struct Communicator::Handle {
  MPI_Comm comm = MPI_COMM_NULL;
  MPI_Comm farewell = MPI_COMM_NULL;       ///< for all_arrive() alone: never confused with a collective left unanswered
  bool parted = false;                     ///< all_arrive() has said no
  std::unique_ptr<CollectiveCheck> check;  ///< only where it was asked for

  void announce(const Collective& mine) const {
    if (check) check->compare(mine);
  }

  template <typename T>
  void reduce_all(std::span<T> values, MPI_Op operation, const char* name, CallSite where) const {
    announce({name, where, std::ssize(values)});
    reduce(values, operation, comm);
  }
};

Communicator::Communicator(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {
  check_mpi(MPI_Comm_rank(handle_->comm, &rank_), "MPI_Comm_rank");
  check_mpi(MPI_Comm_size(handle_->comm, &size_), "MPI_Comm_size");
  MPI_Comm node = MPI_COMM_NULL;
  check_mpi(MPI_Comm_split_type(handle_->comm, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &node),
            "MPI_Comm_split_type");
  check_mpi(MPI_Comm_rank(node, &local_rank_), "MPI_Comm_rank");
  check_mpi(MPI_Comm_size(node, &local_size_), "MPI_Comm_size");
  MPI_Comm_free(&node);
  check_mpi(MPI_Comm_dup(handle_->comm, &handle_->farewell), "MPI_Comm_dup");
  if (size_ == 1) return;
  if (const double patience = check_patience(handle_->comm); patience > 0)
    handle_->check = std::make_unique<CollectiveCheck>(handle_->comm, patience);
}

Communicator::~Communicator() = default;

// Both live until the process ends: MPI_Finalize frees what they hold.
const Communicator& Communicator::world() {
  static const Communicator* const world = [] {
    initialise();
    return new Communicator(std::make_unique<Handle>(Handle{MPI_COMM_WORLD}));
  }();
  return *world;
}

const Communicator& Communicator::self() {
  static const Communicator* const self = [] {
    initialise();
    return new Communicator(std::make_unique<Handle>(Handle{MPI_COMM_SELF}));
  }();
  return *self;
}

void Communicator::finalize(CallSite where) {
  int running = 0, ended = 0;
  MPI_Initialized(&running);
  MPI_Finalized(&ended);
  if (!running || ended) return;
  const Handle& handle = *world().handle_;
  try {
    if (handle.check && !handle.check->failed()) handle.announce({"end", where});
  } catch (const Error& error) {  // others are still in the midst of it
    fmt::print(stderr, "coterie: {}\n", error.what());
    abort(static_cast<int>(error.exit_code()));
  }
  MPI_Finalize();
}

void Communicator::abort(int code) {
  int running = 0;
  MPI_Initialized(&running);
  if (bool* quiet = mpirun_quiet()) *quiet = true;
  std::this_thread::sleep_for(kUntilForwarded);
  if (running) MPI_Abort(MPI_COMM_WORLD, code);
  std::_Exit(code);
}

void Communicator::end_quietly(int code) {
  bool* quiet = started_by_mpirun() ? mpirun_quiet() : nullptr;
  if (quiet == nullptr) return;
  StopSignal::end_silently();  // mpirun sends one to each rank
  std::fflush(nullptr);
  if (known_rank > 0) {
    std::this_thread::sleep_for(kMostUntilEnded);
    std::_Exit(code);
  }
  std::this_thread::sleep_for(kUntilForwarded);
  *quiet = true;
  MPI_Abort(MPI_COMM_WORLD, code);
  std::_Exit(code);
}

bool speaks_for_all() {
  const char* rank = std::getenv("OMPI_COMM_WORLD_RANK");
  return known_rank < 0 ? rank == nullptr || std::strcmp(rank, "0") == 0 : known_rank == 0;
}

void Communicator::announce(const char* name, CallSite where) const { handle_->announce({name, where}); }

void Communicator::barrier(CallSite where) const {
  announce("barrier", where);
  check_mpi(MPI_Barrier(handle_->comm), "MPI_Barrier");
}

void Communicator::sum(std::span<std::int64_t> values, CallSite where) const {
  if (size_ > 1) handle_->reduce_all(values, MPI_SUM, "sum of int64", where);
}
void Communicator::min(std::span<std::int64_t> values, CallSite where) const {
  if (size_ > 1) handle_->reduce_all(values, MPI_MIN, "min of int64", where);
}
void Communicator::max(std::span<std::int64_t> values, CallSite where) const {
  if (size_ > 1) handle_->reduce_all(values, MPI_MAX, "max of int64", where);
}
void Communicator::min(std::span<double> values, CallSite where) const {
  if (size_ > 1) handle_->reduce_all(values, MPI_MIN, "min of double", where);
}
void Communicator::max(std::span<double> values, CallSite where) const {
  if (size_ > 1) handle_->reduce_all(values, MPI_MAX, "max of double", where);
}

std::int64_t Communicator::sum(std::int64_t value, CallSite where) const {
  sum(std::span(&value, 1), where);
  return value;
}
std::int64_t Communicator::max(std::int64_t value, CallSite where) const {
  max(std::span(&value, 1), where);
  return value;
}
double Communicator::max(double value, CallSite where) const {
  max(std::span(&value, 1), where);
  return value;
}
bool Communicator::any(bool value, CallSite where) const { return max(static_cast<std::int64_t>(value), where) != 0; }

void Communicator::broadcast_bytes(void* data, std::size_t bytes, int root, CallSite where) const {
  if (size_ == 1) return;
  handle_->announce({"broadcast of bytes", where, static_cast<std::int64_t>(bytes), root});
  copy_bytes(data, bytes, root, handle_->comm);
}

void Communicator::broadcast(std::string& text, int root, CallSite where) const {
  if (size_ == 1) return;
  handle_->announce({"broadcast of a text", where, Collective::kUncounted, root});
  copy_text(text, root, handle_->comm);
}

std::vector<std::byte> Communicator::gather_all_bytes(const void* data, std::size_t bytes, CallSite where) const {
  announce("gathering", where);
  const auto own = static_cast<std::int64_t>(bytes);
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(size_));
  check_mpi(MPI_Allgather(&own, 1, MPI_INT64_T, sizes.data(), 1, MPI_INT64_T, handle_->comm), "MPI_Allgather");
  const auto begin = std::accumulate(sizes.begin(), sizes.begin() + rank_, std::int64_t{0});
  std::vector<std::byte> all(static_cast<std::size_t>(std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0})));
  if (bytes > 0) std::memcpy(all.data() + begin, data, bytes);
  gather_parts(all.data(), sizes, handle_->comm);
  return all;
}

void Communicator::gather_in_place_bytes(void* all, std::span<const std::int64_t> bytes, CallSite where) const {
  if (size_ == 1) return;
  announce("gathering in place", where);
  gather_parts(static_cast<std::byte*>(all), bytes, handle_->comm);
}

// All at once: the library finds them an order.
void Communicator::exchange_bytes(const void* sent, std::span<const std::int64_t> to_each, void* received,
                                  std::span<const std::int64_t> from_each, CallSite where) const {
  announce("exchange", where);
  const auto* from = static_cast<const std::byte*>(sent);
  auto* to = static_cast<std::byte*>(received);
  std::vector<MPI_Request> pending;
  const auto in_pieces = [](std::int64_t bytes, const auto& each) {
    for (std::size_t begin = 0; begin < static_cast<std::size_t>(bytes); begin += kMaxCount)
      each(begin, static_cast<int>(std::min(kMaxCount, static_cast<std::size_t>(bytes) - begin)));
  };
  std::byte* own = nullptr;
  for (int r = 0; r < size_; to += from_each[static_cast<std::size_t>(r++)]) {
    if (r == rank_)
      own = to;
    else
      in_pieces(from_each[static_cast<std::size_t>(r)], [&](std::size_t begin, int count) {
        check_mpi(MPI_Irecv(to + begin, count, MPI_BYTE, r, kExchangeTag, handle_->comm, &pending.emplace_back()),
                  "MPI_Irecv");
      });
  }
  for (int r = 0; r < size_; from += to_each[static_cast<std::size_t>(r++)]) {
    if (r == rank_)
      std::copy_n(from, to_each[static_cast<std::size_t>(r)], own);
    else
      in_pieces(to_each[static_cast<std::size_t>(r)], [&](std::size_t begin, int count) {
        check_mpi(MPI_Isend(from + begin, count, MPI_BYTE, r, kExchangeTag, handle_->comm, &pending.emplace_back()),
                  "MPI_Isend");
      });
  }
  check_mpi(MPI_Waitall(static_cast<int>(pending.size()), pending.data(), MPI_STATUSES_IGNORE), "MPI_Waitall");
}

std::vector<std::int64_t> Communicator::bytes_of(std::span<const std::int64_t> sizes, std::size_t element) {
  std::vector<std::int64_t> bytes;
  for (const auto size : sizes) bytes.push_back(size * static_cast<std::int64_t>(element));
  return bytes;
}

void Communicator::send(const void* data, std::size_t bytes, int to, int tag) const {
  for (std::size_t begin = 0; begin < bytes; begin += kMaxCount) {
    const auto count = static_cast<int>(std::min(kMaxCount, bytes - begin));
    check_mpi(MPI_Send(static_cast<const char*>(data) + begin, count, MPI_BYTE, to, tag, handle_->comm), "MPI_Send");
  }
}

void Communicator::receive(void* data, std::size_t bytes, int from, int tag) const {
  for (std::size_t begin = 0; begin < bytes; begin += kMaxCount) {
    const auto count = static_cast<int>(std::min(kMaxCount, bytes - begin));
    check_mpi(MPI_Recv(static_cast<char*>(data) + begin, count, MPI_BYTE, from, tag, handle_->comm, MPI_STATUS_IGNORE),
              "MPI_Recv");
  }
}

std::optional<int> Communicator::try_receive(void* data, std::size_t bytes, int tag) const {
  int come = 0, size = 0;
  MPI_Status status;
  check_mpi(MPI_Iprobe(MPI_ANY_SOURCE, tag, handle_->comm, &come, &status), "MPI_Iprobe");
  if (!come) return std::nullopt;
  check_mpi(MPI_Get_count(&status, MPI_BYTE, &size), "MPI_Get_count");
  if (static_cast<std::size_t>(size) != bytes)
    throw Error(fmt::format("rank {}: a message of {} bytes came from rank {}, {} were expected", rank_, size,
                            status.MPI_SOURCE, bytes));
  receive(data, bytes, status.MPI_SOURCE, tag);
  return status.MPI_SOURCE;
}

void Communicator::together(const std::function<void()>& action, CallSite where) const {
  std::string message;
  std::int64_t code = 0;
  bool failed = false;
  try {
    action();
  } catch (const Error& error) {
    failed = true;
    message = error.what();
    code = static_cast<std::int64_t>(error.exit_code());
  } catch (const std::exception& error) {
    failed = true;
    message = explanation(error);
    code = static_cast<std::int64_t>(ExitCode::failed);
  }
  std::int64_t first = failed ? rank_ : size_;
  announce("together", where);
  if (size_ > 1) reduce(std::span(&first, 1), MPI_MIN, handle_->comm);
  if (first == size_) return;
  copy_text(message, static_cast<int>(first), handle_->comm);
  copy_bytes(&code, sizeof code, static_cast<int>(first), handle_->comm);
  if (code == static_cast<std::int64_t>(ExitCode::wrong_use)) throw InvalidArgument(message);
  if (size_ > 1) message += fmt::format(" (rank {})", first);
  if (code == static_cast<std::int64_t>(ExitCode::stopped)) throw Stopped(message);
  throw Error(message);
}

void Communicator::on_root(const std::function<void()>& action, CallSite where) const {
  together(
      [&] {
        if (is_root()) action();
      },
      where);
}

bool Communicator::all_arrive(double seconds) const {
  if (handle_->parted) return false;
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi(MPI_Ibarrier(handle_->farewell, &request), "MPI_Ibarrier");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  int arrived = 0;
  while (true) {
    check_mpi(MPI_Test(&request, &arrived, MPI_STATUS_IGNORE), "MPI_Test");
    if (arrived || std::chrono::steady_clock::now() > deadline) {
      handle_->parted = arrived == 0;
      return arrived != 0;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

std::uintptr_t Communicator::native_handle() const {
  static_assert(sizeof(MPI_Comm) <= sizeof(std::uintptr_t));
  std::uintptr_t handle = 0;
  std::memcpy(&handle, &handle_->comm, sizeof(MPI_Comm));
  return handle;
}

}  // namespace coterie::inline dist
