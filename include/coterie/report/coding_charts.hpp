#pragma once

#include <string>
#include <vector>

#include "coterie/report/chart.hpp"

namespace coterie::inline report {

/// One panel of a consistency chart: a solution's clusters, in their order.
struct ConsistencyPanel {
  std::string row, column;        ///< what its row and column of panels are called: "6", "self-supervised"
  std::vector<double> shares;     ///< in [0, 1]; NaN: not coded
  double mean = 0;                ///< drawn as a bar of its own; NaN: none
  std::vector<double> low, high;  ///< intervals of the shares; empty: none
  int first = 1;                  ///< the number of the first cluster
};

/// Within-cluster consistency as in figures 9, 16 and 17 of Zhang & Peng (SMR 53(3), 2024): rows and columns of panels
/// in the order of their first appearance, thin grey bars, the mean in firebrick, called M, and each value above. Empty
/// without a panel. Throws InvalidArgument for two panels at one place. 7.5 × 6 inches.
Chart consistency_chart(const std::string& name, const std::vector<ConsistencyPanel>& panels);

/// One coefficient of agreement.
struct AgreementBar {
  std::string panel, group, bar;  ///< "6", "Climate", "ImageNet"
  double value = 0;               ///< NaN: not defined, and left out
  double low = 0, high = 0;       ///< interval; NaN: none
};

/// Agreement between coders as in their figure B3: a panel for each number of clusters, in it groups of bars. Bars of
/// one name have one shade of grey in all panels. Empty without a bar. 7.5 × 6 inches.
Chart agreement_chart(const std::string& name, const std::string& coefficient, const std::vector<AgreementBar>& bars);

}  // namespace coterie::inline report
