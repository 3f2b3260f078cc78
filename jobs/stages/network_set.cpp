#include "stages/network_set.hpp"

#include <array>

#include "coterie/base/job_limits.hpp"
#include "coterie/features/allocator.hpp"

namespace coterie::jobs {
namespace {

constexpr double kMuchMemory = 0.05;  // of what the node's ranks may hold, for copies of one network's weights

// Collective: whether any rank wants it and all can, with weights of one size. Those on a GPU have none to share.
bool wants_sharing(const Job& job, const Network& network) {
  std::array<std::int64_t, 2> sizes{network.packed_bytes(), -network.packed_bytes()};
  job.comm.min(sizes);
  const std::string asked = job.options.text("share-weights");
  const double copies = static_cast<double>(network.packed_bytes()) * job.comm.local_size();
  const bool wanted = asked == "yes" || (asked == "auto" && copies > kMuchMemory * memory_limit().amount);
  return job.comm.any(wanted && job.comm.local_size() > 1) && sizes[0] > 0 && sizes[0] == -sizes[1];
}

}  // namespace

void NetworkSet::add(const Job& job, const FeatureRequest& request, const WeightChoice& weights,
                     const NetworkOptions& options) {
  if (weights.path.empty() && request.backbone.has_weights())
    job.say("WARNING: the weights of {} are random ({}). The features mean nothing; use this for tests only.",
            request.backbone.name, weights.identity);
  std::vector<std::string> names;
  for (const auto& layer : request.layers) names.push_back(layer.name);
  job.comm.together([&] {
    networks_.emplace_back(request.backbone, names, load_weights(weights, request), request.preprocess, options);
  });
  release_free_memory();
  if (const auto& note = networks_.back().weights_note(); !note.empty())
    job.say("{}: {} {}", request.backbone.name, weights.path, note);
  share(job, request.backbone.name);
  for (const auto& layer : request.layers)
    job.say("{}: layer {}, {} numbers an image, on {}", request.backbone.name, layer.name, layer.dimension,
            networks_.back().device_text());
}

// Each rank has made its copy; one of a node is kept.
void NetworkSet::share(const Job& job, const std::string& name) {
  Network& network = networks_.back();
  if (!wants_sharing(job, network)) return;
  const double megabytes = static_cast<double>(network.packed_bytes()) / 1e6;
  try {
    memories_.emplace_back(job.comm, network.packed_bytes());
  } catch (const Error& error) {
    job.say("{}: each rank keeps its own {:.0f} MB of weights: {}", name, megabytes, error.what());
    return;
  }
  const NodeMemory& memory = memories_.back();
  network.share(memory.bytes(), memory.writes());
  release_free_memory();
  memory.publish();
  job.say("{}: one copy of its weights on each node, {:.0f} MB", name, megabytes);
}

}  // namespace coterie::jobs
