#include "coterie/clustering/ward.hpp"

#include <doctest/doctest.h>
