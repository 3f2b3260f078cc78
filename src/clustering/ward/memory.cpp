#include "ward/memory.hpp"

#include <new>

#include "coterie/base/errors.hpp"

namespace coterie::inline clustering {

namespace {
constexpr auto kLine = std::align_val_t(64);
}

WardMemory::WardMemory(const Communicator& comm, std::int64_t bytes) : size_(static_cast<std::size_t>(bytes)) {
  if (comm.max(std::int64_t{comm.local_size()}) > 1) {
    try {
      node_.emplace(comm, bytes);
      rank_ = comm.local_rank();
      ranks_ = comm.local_size();
      return;
    } catch (const Error&) {  // on all ranks: then each has its own
      node_.reset();
    }
  }
  comm.together([&] { own_.reset(static_cast<std::byte*>(::operator new[](size_, kLine))); });
}

void WardMemory::publish() const {
  if (node_) node_->publish();
}

void WardMemory::Free::operator()(std::byte* bytes) const { ::operator delete[](bytes, kLine); }

}  // namespace coterie::inline clustering
