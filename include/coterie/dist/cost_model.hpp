#pragma once

#include <cstdint>
#include <string>

#include "coterie/dist/communicator.hpp"

namespace coterie::inline dist {

/// What a message costs: latency + bytes / bandwidth (Hockney, Parallel Computing 20, 1994).
struct Interconnect {
  double latency = 2e-6;    ///< seconds; the default is a usual 100 Gbit/s fabric's
  double bandwidth = 10e9;  ///< bytes a second, of one rank
};

/// Fitted to allreduces of 8 bytes and of 8 MiB among these ranks; the default where there is one rank. Collective,
/// some tenths of a second; the same on every rank.
Interconnect measure_interconnect(const Communicator& comm);

/// An allreduce by recursive halving and doubling: 2 log2 P messages of latency, and each rank's link carries
/// 2 (P - 1) / P of the bytes (Thakur, Rabenseifner, Gropp, Int. J. High Perform. Comput. Appl. 19, 2005, section 4.5).
double allreduce_seconds(const Interconnect& interconnect, double bytes, int ranks);

/// What one stage costs, from which its time on any number of ranks follows.
struct StageCost {
  std::string stage;
  double parallel_seconds = 0;  ///< of one rank doing all that ranks share out
  double serial_seconds = 0;    ///< of what one rank does while the others wait
  std::int64_t allreduces = 0;
  double allreduce_bytes = 0;  ///< of each
  double flops = 0;            ///< of all ranks
  double bytes_read = 0;       ///< of all ranks, from the store or from memory
};

/// parallel / P + serial + the allreduces.
double seconds_on(const StageCost& cost, const Interconnect& interconnect, int ranks);

}  // namespace coterie::inline dist
