#pragma once

#include <string>
#include <vector>

#include "command/job.hpp"
#include "coterie/dist/node_memory.hpp"
#include "coterie/features/network.hpp"
#include "stages/feature_request.hpp"
#include "stages/weight_choice.hpp"

namespace coterie::jobs {

/// The networks of an extraction, and the memory that their weights are in where a node's ranks share them.
class NetworkSet {
 public:
  /// Builds a network on every rank from weights that load_weights gives, tells what it computes on, and, as
  /// --share-weights says, keeps one copy of its weights on each node. Collective; throws as Network does.
  void add(const Job& job, const FeatureRequest& request, const WeightChoice& weights, const NetworkOptions& options);

  const std::vector<Network>& all() const { return networks_; }

 private:
  void share(const Job& job, const std::string& name);

  std::vector<NodeMemory> memories_;  // outlive the networks
  std::vector<Network> networks_;
};

}  // namespace coterie::jobs
