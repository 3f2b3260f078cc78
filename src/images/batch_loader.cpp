#include "coterie/images/batch_loader.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <new>
#include <thread>
#include <utility>

#include "coterie/base/thread_seconds.hpp"

namespace coterie::inline images {

namespace {

/// A batch under way. Its address stays while threads write to it.
struct Job {
  Batch batch;
  std::vector<ImagePlace> images;
  std::size_t handed_out = 0, done = 0;

  bool finished() const { return done == images.size(); }
};

/// One geometry and the inputs that want its levels: made in the first, copied to the others.
struct SharedLevels {
  Preprocess steps;
  std::vector<std::size_t> inputs;
};

/// One way to decode, and what is made of the picture.
struct Decoding {
  DecodeOptions options;
  std::vector<SharedLevels> levels;
};

template <typename T, typename Same>
T& find_or_add(std::vector<T>& all, const T& fresh, Same same) {
  const auto found = std::find_if(all.begin(), all.end(), same);
  return found != all.end() ? *found : all.emplace_back(fresh);
}

std::vector<Decoding> plan_decodings(const std::vector<Preprocess>& preprocesses, const DecodeLimits& limits) {
  std::vector<Decoding> plan;
  for (std::size_t input = 0; input < preprocesses.size(); ++input) {
    const Preprocess& steps = preprocesses[input];
    const DecodeOptions options = decode_options(steps, limits);
    Decoding& decoding =
        find_or_add(plan, {options, {}}, [&](const Decoding& known) { return known.options == options; });
    find_or_add(decoding.levels, {steps, {}}, [&](const SharedLevels& known) {
      return equal_levels(known.steps, steps);
    }).inputs.push_back(input);
  }
  return plan;
}

template <typename T>
void copy_image(const std::vector<T>& from, std::vector<T>& to, std::int64_t image, std::int64_t values) {
  if (from.empty()) return;
  std::copy_n(from.begin() + image * values, values, to.begin() + image * values);
}

template <typename T>
void clear_image(std::vector<T>& levels, std::int64_t image, std::int64_t values) {
  if (!levels.empty()) std::fill_n(levels.begin() + image * values, values, T{0});
}

}  // namespace

struct BatchLoader::State {
  BatchSource source;
  std::vector<Preprocess> preprocesses;
  std::vector<Decoding> plan;
  std::size_t queue_depth = 1;

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::unique_ptr<Job>> jobs;   // ascending; the front is the next to be taken
  std::vector<std::vector<Levels>> spare;  // memory of batches that were taken
  std::int64_t opened = 0;                 // batches begun so far
  bool opening = false, ended = false, stopping = false;
  std::exception_ptr error;
  LoadTimes times;
  std::vector<std::thread> threads;

  Job* job_with_work();
  void open_job(std::unique_lock<std::mutex>& lock);
  bool fill_job(Job& job);
  LoadTimes make_inputs(const ImagePlace& place, Batch& batch, std::int64_t image) const;
  LoadTimes load(Job& job, std::size_t image);
  bool work(std::unique_lock<std::mutex>& lock);
  void run();
  void join();
};

Job* BatchLoader::State::job_with_work() {
  for (const auto& job : jobs)
    if (job->handed_out < job->images.size()) return job.get();
  return nullptr;
}

/// Begins the next batch. The source and the memory are asked for without the lock; `opening` keeps the order.
void BatchLoader::State::open_job(std::unique_lock<std::mutex>& lock) {
  opening = true;
  auto job = std::make_unique<Job>();
  if (!spare.empty()) {
    job->batch.inputs = std::move(spare.back());
    spare.pop_back();
  }
  lock.unlock();
  std::exception_ptr failure;
  bool more = false;
  try {
    more = fill_job(*job);
  } catch (...) {
    failure = std::current_exception();
  }
  lock.lock();
  opening = false;
  if (failure) {
    error = failure;
    stopping = true;
  } else if (more) {
    job->batch.index = opened++;
    jobs.push_back(std::move(job));
  } else {
    ended = true;
  }
  changed.notify_all();
}

/// False at the source's end.
bool BatchLoader::State::fill_job(Job& job) {
  if (!source.next(job.images)) return false;
  job.batch.inputs.resize(preprocesses.size());
  for (std::size_t i = 0; i < preprocesses.size(); ++i)
    resize_levels(job.batch.inputs[i], preprocesses[i], static_cast<std::int64_t>(job.images.size()));
  job.batch.statuses.assign(job.images.size(), ImageStatus::pending);
  job.batch.reasons.assign(job.images.size(), {});
  job.batch.sizes.assign(job.images.size(), {});
  return true;
}

LoadTimes BatchLoader::State::make_inputs(const ImagePlace& place, Batch& batch, std::int64_t image) const {
  LoadTimes spent;
  for (const Decoding& decoding : plan) {
    const double start = thread_seconds();
    const Image picture = decode_image(place, decoding.options);
    const double decoded = thread_seconds();
    batch.sizes[static_cast<std::size_t>(image)] = {picture.width, picture.height};
    for (const SharedLevels& shared : decoding.levels) {
      Levels& made = batch.inputs[shared.inputs.front()];
      make_levels(picture, shared.steps, made, image);
      for (std::size_t i = 1; i < shared.inputs.size(); ++i) {
        Levels& other = batch.inputs[shared.inputs[i]];
        copy_image(made.bytes, other.bytes, image, made.image_values());
        copy_image(made.floats, other.floats, image, made.image_values());
      }
    }
    spent.decode += decoded - start;
    spent.geometry += thread_seconds() - decoded;
  }
  return spent;
}

/// One image into its places. Whatever goes wrong is its status.
LoadTimes BatchLoader::State::load(Job& job, std::size_t image) {
  LoadTimes spent;
  const auto place = static_cast<std::int64_t>(image);
  ImageStatus status = ImageStatus::ok;
  std::string reason;
  try {
    spent = make_inputs(job.images[image], job.batch, place);
  } catch (const DecodeError& failure) {
    status = failure.status();
    reason = failure.reason();
  } catch (const std::bad_alloc&) {
    status = ImageStatus::too_large;
    reason = "its pixels do not fit in memory";
  } catch (const std::exception& failure) {
    status = ImageStatus::unsupported;
    reason = failure.what();
  }
  if (status != ImageStatus::ok) {
    job.batch.sizes[image] = {};
    for (Levels& levels : job.batch.inputs) {
      clear_image(levels.bytes, place, levels.image_values());
      clear_image(levels.floats, place, levels.image_values());
    }
  }
  job.batch.statuses[image] = status;
  job.batch.reasons[image] = std::move(reason);
  return spent;
}

/// Decodes one image or begins one batch; false when there is nothing to do for now.
bool BatchLoader::State::work(std::unique_lock<std::mutex>& lock) {
  if (Job* job = job_with_work()) {
    const std::size_t image = job->handed_out++;
    lock.unlock();
    const LoadTimes spent = load(*job, image);
    lock.lock();
    times.decode += spent.decode;
    times.geometry += spent.geometry;
    if (++job->done == job->images.size()) changed.notify_all();
    return true;
  }
  if (opening || ended || jobs.size() >= queue_depth) return false;
  open_job(lock);
  return true;
}

void BatchLoader::State::run() {
  std::unique_lock lock(mutex);
  while (!stopping)
    if (!work(lock)) changed.wait(lock);
}

void BatchLoader::State::join() {
  for (std::thread& thread : threads) thread.join();
}

BatchLoader::BatchLoader(BatchSource source, std::vector<Preprocess> preprocesses, const DecodeLimits& limits,
                         int threads, int queue_depth) {
  require(threads >= 0 && queue_depth >= 1, "a loader needs at least 0 threads and a queue of 1, not {} and {}",
          threads, queue_depth);
  require(source.next != nullptr, "a loader needs a source");
  require(!preprocesses.empty(), "a loader needs at least one preprocessing");
  for (const Preprocess& steps : preprocesses) check_preprocess(steps);
  state_ = std::make_unique<State>();
  state_->source = std::move(source);
  state_->plan = plan_decodings(preprocesses, limits);
  state_->preprocesses = std::move(preprocesses);
  state_->queue_depth = static_cast<std::size_t>(queue_depth);
  for (int i = 0; i < threads; ++i) state_->threads.emplace_back([state = state_.get()] { state->run(); });
}

BatchLoader::~BatchLoader() {
  stop();
  state_->join();
}

bool BatchLoader::next(Batch& batch) {
  State& state = *state_;
  std::unique_lock lock(state.mutex);
  const auto at_end = [&] { return state.jobs.empty() && state.ended; };
  const auto ready = [&] { return !state.jobs.empty() && state.jobs.front()->finished(); };
  const bool helps = state.threads.empty();
  while (!state.stopping && !at_end() && !ready())
    if (!helps || !state.work(lock)) state.changed.wait(lock);
  if (state.error) std::rethrow_exception(state.error);
  if (state.stopping || at_end()) return false;
  if (!batch.inputs.empty()) state.spare.push_back(std::move(batch.inputs));
  batch = std::move(state.jobs.front()->batch);
  state.jobs.pop_front();
  state.changed.notify_all();  // there is room for another, the next may be ready, or this was the last
  return true;
}

void BatchLoader::stop() {
  const std::lock_guard lock(state_->mutex);
  state_->stopping = true;
  state_->changed.notify_all();
}

LoadTimes BatchLoader::times() const {
  const std::lock_guard lock(state_->mutex);
  return state_->times;
}

}  // namespace coterie::inline images
