#pragma once

#include "coterie/reduction/pca.hpp"
#include "coterie/store/artifact.hpp"

namespace coterie::jobs {

/// none, standard, l2, as --normalize calls them.
Normalise normalise_of(const std::string& text);

/// The fitted reduction of a reductions artifact: project() with it gives a row the bits that reduce gave it.
Pca read_pca(const ArtifactReader& reduction);

}  // namespace coterie::jobs
