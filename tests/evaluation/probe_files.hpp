#pragma once

#include <string>
#include <vector>

#include "coterie/base/npy.hpp"
#include "coterie/dist/communicator.hpp"
#include "coterie/dist/row_source.hpp"

namespace coterie {

/// How the oracles' probes of this room are called, and what they read and write.
using Arguments = std::vector<std::string>;

struct Rows {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
  explicit Rows(const std::string& path) : values(read_npy<float>(path, &shape)) {}
  MemoryRows source() const { return MemoryRows({values.data(), shape.at(0), shape.at(1)}); }
};

/// PREFIX_NAME.npy, from rank 0.
inline void write(const std::string& prefix, const std::string& name, const std::vector<double>& values) {
  if (Communicator::world().is_root()) write_npy(prefix + "_" + name + ".npy", values.data(), {std::ssize(values)});
}

}  // namespace coterie
