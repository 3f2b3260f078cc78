#include "coterie/images/batch_loader.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <new>
#include <thread>
#include <utility>

#include "coterie/images/listing.hpp"

namespace coterie {

namespace {

/// A batch under way. Its address stays while threads write to it.
struct Job {
  Batch batch;
  std::span<const std::string> paths;
  std::size_t handed_out = 0, done = 0;

  bool finished() const { return done == paths.size(); }
};

}  // namespace

struct BatchLoader::State {
  std::string root;
  BatchSource source;
  Preprocess steps;
  DecodeOptions options;
  std::size_t queue_depth;
  std::size_t image_values;

  std::mutex mutex;
  std::condition_variable work, finished;
  std::deque<std::unique_ptr<Job>> jobs;  // ascending; the front is the next to be taken
  std::vector<std::vector<float>> spare;  // memory of batches that were taken
  std::int64_t opened = 0;                // batches begun so far
  bool opening = false, stopping = false;
  std::exception_ptr error;
  std::vector<std::thread> threads;

  Job* job_with_work();
  void open_job(std::unique_lock<std::mutex>& lock);
  void load(Job& job, std::size_t image);
  void run();
  void join();
};

Job* BatchLoader::State::job_with_work() {
  for (const auto& job : jobs)
    if (job->handed_out < job->paths.size()) return job.get();
  return nullptr;
}

/// Begins the next batch. The source and the memory are asked for without the lock; `opening` keeps the order.
void BatchLoader::State::open_job(std::unique_lock<std::mutex>& lock) {
  opening = true;
  auto job = std::make_unique<Job>();
  job->batch.index = opened++;
  if (!spare.empty()) {
    job->batch.pixels = std::move(spare.back());
    spare.pop_back();
  }
  lock.unlock();
  std::exception_ptr failure;
  try {
    job->paths = source.paths(job->batch.index);
    job->batch.pixels.resize(job->paths.size() * image_values);
    job->batch.fates.assign(job->paths.size(), Fate::pending);
    job->batch.reasons.assign(job->paths.size(), {});
  } catch (...) {
    failure = std::current_exception();
  }
  lock.lock();
  opening = false;
  if (failure) {
    error = failure;
    stopping = true;
  } else {
    jobs.push_back(std::move(job));
  }
  work.notify_all();
  finished.notify_all();  // the batch may be empty, or the source may have failed
}

/// One image into its place. Whatever goes wrong is its fate.
void BatchLoader::State::load(Job& job, std::size_t image) {
  float* pixels = job.batch.pixels.data() + image * image_values;
  Fate fate = Fate::ok;
  std::string reason;
  try {
    preprocess(decode_image(image_file(root, job.paths[image]), options), steps, pixels);
  } catch (const DecodeError& failure) {
    fate = failure.fate();
    reason = failure.reason();
  } catch (const std::bad_alloc&) {
    fate = Fate::too_large;
    reason = "its pixels do not fit in memory";
  } catch (const std::exception& failure) {
    fate = Fate::unsupported;
    reason = failure.what();
  }
  if (fate != Fate::ok) std::fill_n(pixels, image_values, 0.0F);
  job.batch.fates[image] = fate;
  job.batch.reasons[image] = std::move(reason);
}

void BatchLoader::State::run() {
  std::unique_lock lock(mutex);
  while (!stopping) {
    if (Job* job = job_with_work()) {
      const std::size_t image = job->handed_out++;
      lock.unlock();
      load(*job, image);
      lock.lock();
      if (++job->done == job->paths.size()) finished.notify_all();
    } else if (!opening && opened < source.batches && jobs.size() < queue_depth) {
      open_job(lock);
    } else {
      work.wait(lock);
    }
  }
}

void BatchLoader::State::join() {
  for (std::thread& thread : threads) thread.join();
}

BatchLoader::BatchLoader(std::string root, BatchSource source, Preprocess preprocess, DecodeOptions options,
                         int threads, int queue_depth) {
  require(threads >= 1 && queue_depth >= 1, "a loader needs at least 1 thread and a queue of 1, not {} and {}", threads,
          queue_depth);
  const auto side = static_cast<std::size_t>(preprocess.size);
  state_.reset(new State{std::move(root), std::move(source), preprocess, options, static_cast<std::size_t>(queue_depth),
                         3 * side * side});
  for (int i = 0; i < threads; ++i) state_->threads.emplace_back([state = state_.get()] { state->run(); });
}

BatchLoader::~BatchLoader() {
  stop();
  state_->join();
}

bool BatchLoader::next(Batch& batch) {
  State& state = *state_;
  std::unique_lock lock(state.mutex);
  const auto at_end = [&] { return state.jobs.empty() && !state.opening && state.opened == state.source.batches; };
  state.finished.wait(
      lock, [&] { return state.stopping || at_end() || (!state.jobs.empty() && state.jobs.front()->finished()); });
  if (state.error) std::rethrow_exception(state.error);
  if (state.stopping || at_end()) return false;
  if (batch.pixels.capacity() > 0) state.spare.push_back(std::move(batch.pixels));
  batch = std::move(state.jobs.front()->batch);
  state.jobs.pop_front();
  state.work.notify_all();
  state.finished.notify_all();  // the next batch may be ready for another caller, or this was the last
  return true;
}

void BatchLoader::stop() {
  const std::lock_guard lock(state_->mutex);
  state_->stopping = true;
  state_->work.notify_all();
  state_->finished.notify_all();
}

}  // namespace coterie
