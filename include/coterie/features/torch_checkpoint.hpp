#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace coterie::inline features {

/// A checkpoint as PyTorch's torch.save writes one, in the layout of DeepCluster's: a dictionary of
///
///     epoch       int
///     arch        str
///     state_dict  an OrderedDict of tensors
///     optimizer   the state of an optimiser of torch.optim: what it has of the parameters, and one group of settings
///     coterie     a dict of whole numbers that only coterie reads
///
/// In torch.save's legacy container, which every version of PyTorch loads, with weights_only=True, too.
struct TorchCheckpoint {
  /// One float32 tensor. `read` gives its numbers, row-major, when its turn to be written has come: never are all in
  /// memory twice. Tensors of whole numbers have `whole` instead (one int64, without axes).
  struct Entry {
    std::string name;
    std::vector<std::int64_t> shape;
    std::function<std::vector<float>()> read;
    std::int64_t whole = 0;
  };
  std::int64_t epoch = 0;
  std::string arch;
  std::vector<Entry> state_dict;
  /// What the optimiser has of each of its parameters, in their order: "momentum_buffer" …; nothing of each where
  /// nothing was learned yet.
  std::vector<std::vector<Entry>> optimised;
  std::vector<std::pair<std::string, std::vector<double>>> settings;  ///< of its group: "lr", …; several as a tuple
  std::vector<std::pair<std::string, std::int64_t>> numbers;
};

/// Writes it to a file that appears when it is whole; returns its SHA-256. Throws FileError.
std::string write_torch_checkpoint(const TorchCheckpoint& checkpoint, const std::string& path);

}  // namespace coterie::inline features
