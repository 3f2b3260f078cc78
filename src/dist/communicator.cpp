#include "coterie/dist/communicator.hpp"

#include <mpi.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "coterie/base/errors.hpp"

namespace coterie {
namespace {

constexpr std::size_t kMaxCount = INT_MAX;

void check(int status, const char* call) {
  if (status == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0, rank = -1;
  MPI_Error_string(status, text.data(), &length);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  throw Error(
      fmt::format("rank {}: {} failed: {}", rank, call, std::string(text.data(), static_cast<std::size_t>(length))));
}

void initialise() {
  int running = 0;
  MPI_Initialized(&running);
  if (running) return;
  // Without mpirun, MPI_Init binds the process to one core (Open MPI 4.1); the binding found before is put back.
  cpu_set_t mask;
  const bool known = sched_getaffinity(0, sizeof mask, &mask) == 0;
  int provided = 0;
  check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
  if (known) sched_setaffinity(0, sizeof mask, &mask);
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
void reduce(std::span<T> values, MPI_Op operation, MPI_Comm comm, int size) {
  if (size == 1) return;
  for (std::size_t begin = 0; begin < values.size(); begin += kMaxCount) {
    const auto count = static_cast<int>(std::min(kMaxCount, values.size() - begin));
    check(MPI_Allreduce(MPI_IN_PLACE, values.data() + begin, count, mpi_type<T>(), operation, comm), "MPI_Allreduce");
  }
}

}  // namespace

struct Communicator::Handle {
  MPI_Comm comm = MPI_COMM_NULL;
  MPI_Comm farewell = MPI_COMM_NULL;  ///< for all_arrive() alone: never confused with a collective left unanswered
  bool parted = false;                ///< all_arrive() has said no
};

Communicator::Communicator(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {
  check(MPI_Comm_rank(handle_->comm, &rank_), "MPI_Comm_rank");
  check(MPI_Comm_size(handle_->comm, &size_), "MPI_Comm_size");
  MPI_Comm node = MPI_COMM_NULL;
  check(MPI_Comm_split_type(handle_->comm, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &node), "MPI_Comm_split_type");
  check(MPI_Comm_rank(node, &local_rank_), "MPI_Comm_rank");
  check(MPI_Comm_size(node, &local_size_), "MPI_Comm_size");
  MPI_Comm_free(&node);
  check(MPI_Comm_dup(handle_->comm, &handle_->farewell), "MPI_Comm_dup");
}

Communicator::~Communicator() = default;

// Both live until the process ends: MPI_Finalize frees what they hold.
const Communicator& Communicator::world() {
  static const Communicator* const world = [] {
    initialise();
    return new Communicator(std::make_unique<Handle>(Handle{MPI_COMM_WORLD, MPI_COMM_NULL}));
  }();
  return *world;
}

const Communicator& Communicator::self() {
  static const Communicator* const self = [] {
    initialise();
    return new Communicator(std::make_unique<Handle>(Handle{MPI_COMM_SELF, MPI_COMM_NULL}));
  }();
  return *self;
}

void Communicator::finalize() {
  int running = 0, ended = 0;
  MPI_Initialized(&running);
  MPI_Finalized(&ended);
  if (running && !ended) MPI_Finalize();
}

void Communicator::abort(int code) {
  int running = 0;
  MPI_Initialized(&running);
  if (running) MPI_Abort(MPI_COMM_WORLD, code);
  std::_Exit(code);
}

void Communicator::barrier() const { check(MPI_Barrier(handle_->comm), "MPI_Barrier"); }

void Communicator::sum(std::span<std::int64_t> values) const { reduce(values, MPI_SUM, handle_->comm, size_); }
void Communicator::min(std::span<std::int64_t> values) const { reduce(values, MPI_MIN, handle_->comm, size_); }
void Communicator::max(std::span<std::int64_t> values) const { reduce(values, MPI_MAX, handle_->comm, size_); }
void Communicator::min(std::span<double> values) const { reduce(values, MPI_MIN, handle_->comm, size_); }
void Communicator::max(std::span<double> values) const { reduce(values, MPI_MAX, handle_->comm, size_); }

std::int64_t Communicator::sum(std::int64_t value) const {
  sum(std::span(&value, 1));
  return value;
}
std::int64_t Communicator::max(std::int64_t value) const {
  max(std::span(&value, 1));
  return value;
}
double Communicator::max(double value) const {
  max(std::span(&value, 1));
  return value;
}
bool Communicator::any(bool value) const { return max(static_cast<std::int64_t>(value)) != 0; }

void Communicator::broadcast_bytes(void* data, std::size_t bytes, int root) const {
  if (size_ == 1) return;
  for (std::size_t begin = 0; begin < bytes; begin += kMaxCount) {
    const auto count = static_cast<int>(std::min(kMaxCount, bytes - begin));
    check(MPI_Bcast(static_cast<char*>(data) + begin, count, MPI_BYTE, root, handle_->comm), "MPI_Bcast");
  }
}

void Communicator::broadcast(std::string& text, int root) const {
  auto length = static_cast<std::int64_t>(text.size());
  broadcast_bytes(&length, sizeof length, root);
  text.resize(static_cast<std::size_t>(length));
  broadcast_bytes(text.data(), text.size(), root);
}

// One broadcast from each rank: no displacement can overflow an int, and gathers here are rare and bulky.
std::vector<std::byte> Communicator::gather_all_bytes(const void* data, std::size_t bytes) const {
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(size_), 0);
  sizes[static_cast<std::size_t>(rank_)] = static_cast<std::int64_t>(bytes);
  sum(sizes);
  std::size_t total = 0;
  for (const auto size : sizes) total += static_cast<std::size_t>(size);
  std::vector<std::byte> all(total);
  std::size_t begin = 0;
  for (int from = 0; from < size_; ++from) {
    const auto share = static_cast<std::size_t>(sizes[static_cast<std::size_t>(from)]);
    if (from == rank_ && share > 0) std::memcpy(all.data() + begin, data, share);
    broadcast_bytes(all.data() + begin, share, from);
    begin += share;
  }
  return all;
}

void Communicator::send(const void* data, std::size_t bytes, int to, int tag) const {
  for (std::size_t begin = 0; begin < bytes; begin += kMaxCount) {
    const auto count = static_cast<int>(std::min(kMaxCount, bytes - begin));
    check(MPI_Send(static_cast<const char*>(data) + begin, count, MPI_BYTE, to, tag, handle_->comm), "MPI_Send");
  }
}

void Communicator::receive(void* data, std::size_t bytes, int from, int tag) const {
  for (std::size_t begin = 0; begin < bytes; begin += kMaxCount) {
    const auto count = static_cast<int>(std::min(kMaxCount, bytes - begin));
    check(MPI_Recv(static_cast<char*>(data) + begin, count, MPI_BYTE, from, tag, handle_->comm, MPI_STATUS_IGNORE),
          "MPI_Recv");
  }
}

std::optional<int> Communicator::try_receive(void* data, std::size_t bytes, int tag) const {
  int come = 0, size = 0;
  MPI_Status status;
  check(MPI_Iprobe(MPI_ANY_SOURCE, tag, handle_->comm, &come, &status), "MPI_Iprobe");
  if (!come) return std::nullopt;
  check(MPI_Get_count(&status, MPI_BYTE, &size), "MPI_Get_count");
  if (static_cast<std::size_t>(size) != bytes)
    throw Error(fmt::format("rank {}: a message of {} bytes came from rank {}, {} were expected", rank_, size,
                            status.MPI_SOURCE, bytes));
  receive(data, bytes, status.MPI_SOURCE, tag);
  return status.MPI_SOURCE;
}

void Communicator::together(const std::function<void()>& action) const {
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
    message = error.what();
    code = static_cast<std::int64_t>(ExitCode::failed);
  }
  std::int64_t first = failed ? rank_ : size_;
  min(std::span(&first, 1));
  if (first == size_) return;
  broadcast(message, static_cast<int>(first));
  broadcast_bytes(&code, sizeof code, static_cast<int>(first));
  if (code == static_cast<std::int64_t>(ExitCode::wrong_use)) throw InvalidArgument(message);
  if (size_ > 1) message += fmt::format(" (rank {})", first);
  if (code == static_cast<std::int64_t>(ExitCode::stopped)) throw Stopped(message);
  throw Error(message);
}

void Communicator::on_root(const std::function<void()>& action) const {
  together([&] {
    if (is_root()) action();
  });
}

bool Communicator::all_arrive(double seconds) const {
  if (handle_->parted) return false;
  MPI_Request request = MPI_REQUEST_NULL;
  check(MPI_Ibarrier(handle_->farewell, &request), "MPI_Ibarrier");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  int arrived = 0;
  while (true) {
    check(MPI_Test(&request, &arrived, MPI_STATUS_IGNORE), "MPI_Test");
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

}  // namespace coterie
