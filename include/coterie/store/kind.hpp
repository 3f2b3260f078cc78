#pragma once

namespace coterie::inline store {

/// A kind of artifact: a folder of the study with a file for each, or for the list of images the file itself.
/// A new kind is one more constant of this type, beside the stage that makes it.
struct Kind {
  const char* folder;  ///< "features"; "" of images.h5, which lies at the top
  const char* one;     ///< what one of them is called, and the option that names it: "features", "reduction"
  const char* maker;   ///< the command that makes one: "coterie reduce"

  static const Kind images, features, reductions, clusterings, evaluations, selections, comparisons, assignments;
  static const Kind descriptors, codebooks, topics, embeddings, checkpoints, codings, answers;

  bool operator==(const Kind& other) const { return folder == other.folder; }
};

inline constexpr Kind Kind::images{"", "images", "coterie scan"};
inline constexpr Kind Kind::features{"features", "features", "coterie extract (or import)"};
inline constexpr Kind Kind::reductions{"reductions", "reduction", "coterie reduce"};
inline constexpr Kind Kind::clusterings{"clusterings", "clustering", "coterie cluster"};
inline constexpr Kind Kind::evaluations{"evaluations", "evaluation", "coterie evaluate"};
inline constexpr Kind Kind::selections{"selections", "selection", "coterie select"};
inline constexpr Kind Kind::comparisons{"comparisons", "comparison", "coterie compare"};
inline constexpr Kind Kind::assignments{"assignments", "assignment", "coterie assign"};
inline constexpr Kind Kind::descriptors{"descriptors", "descriptors", "coterie words"};
inline constexpr Kind Kind::codebooks{"codebooks", "codebook", "coterie codebook"};
inline constexpr Kind Kind::topics{"topics", "topic-model", "coterie topics"};
inline constexpr Kind Kind::embeddings{"embeddings", "map", "coterie embed"};
inline constexpr Kind Kind::checkpoints{"checkpoints", "checkpoint", "coterie train"};
inline constexpr Kind Kind::codings{"coding", "coding", "coterie code make"};
inline constexpr Kind Kind::answers{"answers", "answers", "coterie code read"};

}  // namespace coterie::inline store
