#include "coterie/dist/node_memory.hpp"

#include <mpi.h>
#include <sys/statvfs.h>

#include <cstring>
#include <exception>
#include <utility>

#include "coterie/base/errors.hpp"
#include "mpi_status.hpp"

namespace coterie::inline dist {
namespace {

constexpr std::size_t kLine = 64;
constexpr const char* kFolder = "/dev/shm";

// Asked beforehand: where there is too little, Open MPI lets the other ranks wait for ever.
void require_room(std::int64_t bytes) {
  struct statvfs room {};
  if (statvfs(kFolder, &room) != 0) throw Error(fmt::format("{} cannot be looked at", kFolder));
  const auto free = static_cast<std::int64_t>(room.f_bavail * room.f_frsize);
  if (free / 2 < bytes)  // never the last of it: others share it
    throw Error(fmt::format("{} has {} bytes free, {} are needed", kFolder, free, 2 * bytes));
}

}  // namespace

struct NodeMemory::Window {
  const Communicator& comm;
  MPI_Comm node = MPI_COMM_NULL;
  MPI_Win handle = MPI_WIN_NULL;
  int rank = 0;  // on the node
  std::span<std::byte> bytes;
  int exceptions = std::uncaught_exceptions();

  explicit Window(const Communicator& all) : comm(all) {}
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  ~Window() {
    if (handle == MPI_WIN_NULL || std::uncaught_exceptions() > exceptions) return;
    MPI_Win_unlock_all(handle);
    MPI_Win_free(&handle);
    MPI_Comm_free(&node);
  }

  void find_node() {
    MPI_Comm all = MPI_COMM_NULL;
    const std::uintptr_t native = comm.native_handle();
    std::memcpy(&all, &native, sizeof(MPI_Comm));
    check_mpi(MPI_Comm_split_type(all, MPI_COMM_TYPE_SHARED, comm.rank(), MPI_INFO_NULL, &node), "MPI_Comm_split_type");
    MPI_Comm_set_errhandler(node, MPI_ERRORS_RETURN);
    check_mpi(MPI_Comm_rank(node, &rank), "MPI_Comm_rank");
  }

  void allocate(std::int64_t size) {
    const auto padded = static_cast<MPI_Aint>(size) + static_cast<MPI_Aint>(kLine);
    void* base = nullptr;
    check_mpi(MPI_Win_allocate_shared(rank == 0 ? padded : 0, 1, MPI_INFO_NULL, node, &base, &handle),
              "MPI_Win_allocate_shared");
    MPI_Aint held = 0;
    int unit = 0;
    check_mpi(MPI_Win_shared_query(handle, 0, &held, &unit, &base), "MPI_Win_shared_query");
    check_mpi(MPI_Win_lock_all(MPI_MODE_NOCHECK, handle), "MPI_Win_lock_all");
    // Mapped by pages: the first line begins at the same byte of it on all ranks.
    auto space = static_cast<std::size_t>(held);
    bytes = {static_cast<std::byte*>(std::align(kLine, static_cast<std::size_t>(size), base, space)),
             static_cast<std::size_t>(size)};
  }
};

NodeMemory::NodeMemory(const Communicator& comm, std::int64_t bytes) : window_(std::make_unique<Window>(comm)) {
  comm.together([&] {
    require(bytes >= 0, "NodeMemory: of {} bytes", bytes);
    require_room(bytes);
  });
  comm.together([&] { window_->find_node(); });
  comm.together([&] { window_->allocate(bytes); });
}

NodeMemory::~NodeMemory() = default;
NodeMemory::NodeMemory(NodeMemory&&) noexcept = default;
std::span<std::byte> NodeMemory::bytes() const { return window_->bytes; }
bool NodeMemory::writes() const { return window_->rank == 0; }

void NodeMemory::publish(CallSite where) const {
  window_->comm.announce("NodeMemory::publish", where);
  check_mpi(MPI_Win_sync(window_->handle), "MPI_Win_sync");
  check_mpi(MPI_Barrier(window_->node), "MPI_Barrier");
  check_mpi(MPI_Win_sync(window_->handle), "MPI_Win_sync");
}

}  // namespace coterie::inline dist
