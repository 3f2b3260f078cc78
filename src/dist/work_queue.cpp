#include "coterie/dist/work_queue.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include "coterie/base/errors.hpp"

namespace coterie::inline dist {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kPause = std::chrono::milliseconds(2);
constexpr auto kPatience = std::chrono::seconds(20);

// A request is the number of items wanted, or a last word; an answer is a range, or a last word, which is empty.
constexpr int kRequest = 71, kAnswer = 72;
constexpr std::int64_t kBye = 0, kAbandon = -1;
constexpr RowRange kEnd{0, 0}, kDropStock{-1, -1};

}  // namespace

// The barrier keeps the first request of this work queue from a rank 0 that still finishes the one before.
WorkQueue::WorkQueue(const Communicator& comm, std::int64_t items, std::int64_t ahead) : comm_(comm), ahead_(ahead) {
  require(items >= 0, "WorkQueue: items is {}, must not be negative", items);
  require(ahead >= 1, "WorkQueue: ahead is {}, must be at least 1", ahead);
  if (comm.is_root()) {
    stock_.push_back({0, items});
    in_stock_ = items;
    last_came_ = true;
    listening_to_ = comm.size() - 1;
    said_end_.resize(static_cast<std::size_t>(comm.size()));
  }
  comm.barrier();
}

WorkQueue::~WorkQueue() {
  if (finished_) return;
  const auto deadline = Clock::now() + kPatience;
  try {
    abandon();
    for (poll(); !over() && Clock::now() < deadline; poll()) std::this_thread::sleep_for(kPause);
  } catch (const std::exception&) {  // MPI itself failed: whoever threw first has the better story
  }
}

std::optional<std::int64_t> WorkQueue::take() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return closed_ || last_came_ || in_stock_ > 0; });
  if (closed_ || in_stock_ == 0) return std::nullopt;
  return from_stock(1).begin;
}

// The caller holds the mutex.
RowRange WorkQueue::from_stock(std::int64_t at_most) {
  if (in_stock_ == 0) return kEnd;
  RowRange& first = stock_.front();
  const RowRange taken{first.begin, std::min(first.begin + at_most, first.end)};
  first.begin = taken.end;
  in_stock_ -= taken.size();
  if (first.size() == 0) stock_.pop_front();
  return taken;
}

void WorkQueue::close() {
  const std::scoped_lock lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

void WorkQueue::abandon() {
  const std::scoped_lock lock(mutex_);
  closed_ = abandoned_ = true;
  changed_.notify_all();
}

void WorkQueue::finish() {
  close();
  for (poll(); !over(); poll()) std::this_thread::sleep_for(kPause);
  finished_ = true;
}

bool WorkQueue::over() const { return comm_.is_root() ? listening_to_ == 0 : said_bye_ && heard_end_; }

void WorkQueue::poll() {
  if (over()) return;
  if (comm_.is_root())
    deal();
  else
    ask();
}

void WorkQueue::deal() {
  std::int64_t wanted = 0;
  while (const auto from = comm_.try_receive(&wanted, sizeof wanted, kRequest)) {
    if (wanted == kAbandon) abandon();
    if (wanted <= 0) --listening_to_;
    RowRange answer = kEnd;
    if (const std::scoped_lock lock(mutex_); wanted > 0 && !abandoned_) answer = from_stock(wanted);
    reply(*from, answer);
  }
  if (const std::scoped_lock lock(mutex_); !abandoned_) return;
  for (int rank = 1; rank < comm_.size(); ++rank) reply(rank, kDropStock);
}

void WorkQueue::reply(int rank, RowRange range) {
  const auto r = static_cast<std::size_t>(rank);
  if (said_end_[r]) return;
  said_end_[r] = range.size() == 0;
  comm_.send(&range, sizeof range, rank, kAnswer);
}

void WorkQueue::ask() {
  RowRange answer;
  while (!heard_end_ && comm_.try_receive(&answer, sizeof answer, kAnswer)) take_in(answer);
  if (said_bye_) return;
  std::int64_t wanted = 0;
  {
    const std::scoped_lock lock(mutex_);
    wanted = ahead_ - in_stock_;
    said_bye_ = closed_ || last_came_;
    if (said_bye_) wanted = abandoned_ ? kAbandon : kBye;
  }
  if (!said_bye_ && (asked_ || wanted <= 0)) return;
  asked_ = true;
  comm_.send(&wanted, sizeof wanted, 0, kRequest);
}

void WorkQueue::take_in(RowRange answer) {
  const std::scoped_lock lock(mutex_);
  asked_ = false;
  if (answer.size() > 0) {
    stock_.push_back(answer);
    in_stock_ += answer.size();
  } else {
    heard_end_ = last_came_ = true;
    if (answer == kDropStock) closed_ = true;
  }
  changed_.notify_all();
}

}  // namespace coterie::inline dist
