#pragma once

#include "coterie/study/option.hpp"
#include "coterie/study/options.hpp"

namespace coterie::jobs {

namespace option {

inline constexpr Option silhouette_sample{
    "silhouette-sample",
    Role::result,
    OptionType::count,
    "0",
    "IMAGES",
    "take silhouettes of so many drawn images; 0: of all up to 50,000, else of 10,000",
    0,
    kMaxCount};

}  // namespace option

/// Of how many of the images silhouettes are taken, among all: the one rule of evaluate and select. Work grows with
/// this number times all images.
std::int64_t silhouette_sample(const Options& options, std::int64_t rows);

/// The part of all pairs' work that this is: 1 where all are measured, by which each distance serves both its rows.
double silhouette_share(const Options& options, std::int64_t rows);

}  // namespace coterie::jobs
