#include "outputs/methods_text.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string_view>

#include "coding/report_codings.hpp"
#include "coterie/base/version.hpp"

namespace coterie::jobs {
namespace {

struct Work {
  std::string_view key, entry;
};

// Key and fields of each work, without the key in front.
constexpr Work kWorks[] = {
    {"tan2019efficientnet",
     "@inproceedings{tan2019efficientnet, author = {Tan, Mingxing and Le, Quoc V.}, title = {{EfficientNet}: "
     "Rethinking "
     "Model Scaling for Convolutional Neural Networks}, booktitle = {ICML}, year = {2019}}"},
    {"simonyan2015vgg",
     "@inproceedings{simonyan2015vgg, author = {Simonyan, Karen and Zisserman, Andrew}, title = {Very Deep "
     "Convolutional "
     "Networks for Large-Scale Image Recognition}, booktitle = {ICLR}, year = {2015}}"},
    {"zhou2018places",
     "@article{zhou2018places, author = {Zhou, Bolei and Lapedriza, Agata and Khosla, Aditya and Oliva, Aude and "
     "Torralba, Antonio}, title = {Places: A 10 Million Image Database for Scene Recognition}, journal = {IEEE TPAMI}, "
     "volume = {40}, number = {6}, year = {2018}}"},
    {"parkhi2015vggface",
     "@inproceedings{parkhi2015vggface, author = {Parkhi, Omkar M. and Vedaldi, Andrea and Zisserman, Andrew}, title = "
     "{Deep Face Recognition}, booktitle = {BMVC}, year = {2015}}"},
    {"he2016resnet",
     "@inproceedings{he2016resnet, author = {He, Kaiming and Zhang, Xiangyu and Ren, Shaoqing and Sun, Jian}, title = "
     "{Deep Residual Learning for Image Recognition}, booktitle = {CVPR}, year = {2016}}"},
    {"chollet2017xception",
     "@inproceedings{chollet2017xception, author = {Chollet, Fran{\\c{c}}ois}, title = {Xception: Deep Learning with "
     "Depthwise Separable Convolutions}, booktitle = {CVPR}, year = {2017}}"},
    {"szegedy2016inception",
     "@inproceedings{szegedy2016inception, author = {Szegedy, Christian and Vanhoucke, Vincent and Ioffe, Sergey and "
     "Shlens, Jonathon and Wojna, Zbigniew}, title = {Rethinking the Inception Architecture for Computer Vision}, "
     "booktitle = {CVPR}, year = {2016}}"},
    {"huang2017densenet",
     "@inproceedings{huang2017densenet, author = {Huang, Gao and Liu, Zhuang and van der Maaten, Laurens and "
     "Weinberger, "
     "Kilian Q.}, title = {Densely Connected Convolutional Networks}, booktitle = {CVPR}, year = {2017}}"},
    {"krizhevsky2012alexnet",
     "@inproceedings{krizhevsky2012alexnet, author = {Krizhevsky, Alex and Sutskever, Ilya and Hinton, Geoffrey E.}, "
     "title = {{ImageNet} Classification with Deep Convolutional Neural Networks}, booktitle = {NIPS}, year = {2012}}"},
    {"caron2018deepcluster",
     "@inproceedings{caron2018deepcluster, author = {Caron, Mathilde and Bojanowski, Piotr and Joulin, Armand and "
     "Douze, "
     "Matthijs}, title = {Deep Clustering for Unsupervised Learning of Visual Features}, booktitle = {ECCV}, year = "
     "{2018}}"},
    {"arthur2007kmeans",
     "@inproceedings{arthur2007kmeans, author = {Arthur, David and Vassilvitskii, Sergei}, title = {k-means++: The "
     "Advantages of Careful Seeding}, booktitle = {SODA}, year = {2007}}"},
    {"sculley2010minibatch",
     "@inproceedings{sculley2010minibatch, author = {Sculley, D.}, title = {Web-Scale k-Means Clustering}, booktitle = "
     "{WWW}, year = {2010}}"},
    {"ward1963",
     "@article{ward1963, author = {Ward, Joe H.}, title = {Hierarchical Grouping to Optimize an Objective Function}, "
     "journal = {Journal of the American Statistical Association}, volume = {58}, number = {301}, year = {1963}}"},
    {"fraley2002mixture",
     "@article{fraley2002mixture, author = {Fraley, Chris and Raftery, Adrian E.}, title = {Model-Based Clustering, "
     "Discriminant Analysis, and Density Estimation}, journal = {Journal of the American Statistical Association}, "
     "volume = {97}, number = {458}, year = {2002}}"},
    {"zhang2024clustering",
     "@article{zhang2024clustering, author = {Zhang, Han and Peng, Yilang}, title = {Image Clustering: An Unsupervised "
     "Approach to Categorize Visual Data in Social Science Research}, journal = {Sociological Methods \\& Research}, "
     "volume = {53}, number = {3}, year = {2024}, doi = {10.1177/00491241221082603}}"},
    {"chang2009tea",
     "@inproceedings{chang2009tea, author = {Chang, Jonathan and Boyd-Graber, Jordan and Gerrish, Sean and Wang, Chong "
     "and Blei, David M.}, title = {Reading Tea Leaves: How Humans Interpret Topic Models}, booktitle = {NIPS}, year = "
     "{2009}}"},
    {"grimmer2011clustering",
     "@article{grimmer2011clustering, author = {Grimmer, Justin and King, Gary}, title = {General Purpose "
     "Computer-Assisted Clustering and Conceptualization}, journal = {PNAS}, volume = {108}, number = {7}, year = "
     "{2011}, "
     "doi = {10.1073/pnas.1018067108}}"},
    {"ying2022topics",
     "@article{ying2022topics, author = {Ying, Luwei and Montgomery, Jacob M. and Stewart, Brandon M.}, title = "
     "{Topics, "
     "Concepts, and Measurement: A Crowdsourced Procedure for Validating Topics as Measures}, journal = {Political "
     "Analysis}, year = {2022}, doi = {10.1017/pan.2021.33}}"},
    {"wilson1927",
     "@article{wilson1927, author = {Wilson, Edwin B.}, title = {Probable Inference, the Law of Succession, and "
     "Statistical Inference}, journal = {Journal of the American Statistical Association}, volume = {22}, number = "
     "{158}, "
     "year = {1927}}"},
    {"krippendorff2018",
     "@book{krippendorff2018, author = {Krippendorff, Klaus}, title = {Content Analysis: An Introduction to Its "
     "Methodology}, edition = {4}, publisher = {Sage}, year = {2018}}"},
    {"gwet2008",
     "@article{gwet2008, author = {Gwet, Kilem Li}, title = {Computing Inter-Rater Reliability and Its Variance in the "
     "Presence of High Agreement}, journal = {British Journal of Mathematical and Statistical Psychology}, volume = "
     "{61}, "
     "number = {1}, year = {2008}}"},
};

// The work that a network is from, by the beginning of its name; where weights were trained elsewhere, also that one.
constexpr std::pair<std::string_view, std::string_view> kNetworks[] = {{"efficientnet", "tan2019efficientnet"},
                                                                       {"vgg", "simonyan2015vgg"},
                                                                       {"resnet", "he2016resnet"},
                                                                       {"xception", "chollet2017xception"},
                                                                       {"inception", "szegedy2016inception"},
                                                                       {"densenet", "huang2017densenet"},
                                                                       {"alexnet", "krizhevsky2012alexnet"},
                                                                       {"deepcluster", "caron2018deepcluster"}};
constexpr std::pair<std::string_view, std::string_view> kTrainings[] = {
    {"places", "zhou2018places"}, {"hybrid", "zhou2018places"}, {"face", "parkhi2015vggface"}};

class Writing {
 public:
  Writing(const ReportSources& from, const Report& report) : from_(from), report_(report) {}

  MethodsText text(std::int64_t k, const std::vector<CodedStudy>& codings) {
    images();
    features();
    reduction();
    clustering(k);
    for (const auto& coding : codings) validation(coding);
    say(fmt::format("All steps were computed with coterie {}; the same study file and seeds give the same clusters.",
                    version()));
    return std::move(text_);
  }

 private:
  void say(const std::string& sentence) { text_.paragraph += (text_.paragraph.empty() ? "" : " ") + sentence; }

  // "\cite{key}", and the work among those cited.
  std::string cite(std::string_view key) {
    const auto* work =
        std::find_if(std::begin(kWorks), std::end(kWorks), [&](const auto& each) { return each.key == key; });
    if (work == std::end(kWorks)) return "";
    if (std::find(cited_.begin(), cited_.end(), key) == cited_.end()) {
      cited_.push_back(key);
      text_.bibtex += std::string(work->entry) + "\n";
    }
    return fmt::format("~\\cite{{{}}}", key);
  }

  void images() {
    const auto grouped = from_.names.count_there();
    if (!from_.scanned) return say(fmt::format("We analysed {} images [describe them].", grouped));
    say(fmt::format("We analysed {} images [describe them]{}.", grouped,
                    report_.images_listed == grouped
                        ? ""
                        : fmt::format("; {} of {} files could not be used", report_.images_listed - grouped,
                                      report_.images_listed)));
  }

  void features() {
    const Recipe& made = from_.features.recipe();
    const std::string backbone = made.parameter("backbone");
    if (backbone.empty())
      return say(fmt::format("Features ({} of them) were computed elsewhere [say how].", from_.clustering.features()));
    std::string works;
    for (const auto& [begin, key] : kNetworks)
      if (backbone.starts_with(begin)) works += cite(key);
    for (const auto& [part, key] : kTrainings)
      if (backbone.find(part) != std::string::npos) works += cite(key);
    const auto value = [&](const char* name) { return made.parameter(fmt::format("preprocess.{}", name)); };
    std::string weights;
    if (const auto found = made.inputs().find("weights"); found != made.inputs().end())
      weights = fmt::format(", weights of {}", found->second.substr(0, 19));
    say(
        fmt::format("Each image was described by the output of the layer {} of the network {}{}{} ({}, {} pixels, {} "
                    "interpolation).",
                    made.parameter("layer"), backbone, works, weights,
                    value("geometry") == "squash" ? "its aspect ignored" : "preprocessed as the network's origin does",
                    value("size"), value("filter")));
  }

  void reduction() {
    if (from_.clustering.reduction().empty()) return say("The features were clustered as they are.");
    const Recipe made = from_.study.open(Kind::reductions, from_.clustering.reduction()).recipe();
    const std::string normalize = made.parameter("normalize"), after = made.parameter("normalize-after");
    const auto words = [](const std::string& how) {
      return how == "standard" ? "standardised" : how == "l2" ? "scaled to unit length" : "left as they were";
    };
    const auto& kept = report_.variance;
    std::string share;
    if (kept.chosen > 0 && kept.chosen <= std::ssize(kept.cumulative))
      share = fmt::format(", which hold {:.1f} % of their variance",
                          100 * kept.cumulative[static_cast<std::size_t>(kept.chosen - 1)]);
    say(fmt::format("Features were {} and reduced to {} principal components{}{}.", words(normalize),
                    from_.clustering.columns(), share,
                    after.empty() || after == "none" ? "" : fmt::format("; these were {} again", words(after))));
  }

  void clustering(std::int64_t k) {
    const Recipe& made = from_.clustering.recipe();
    const std::string algorithm = from_.clustering.algorithm(), starts = made.parameter("n-init");
    const std::string seed = made.parameter("seed", "1");
    if (algorithm == "ward")
      say(fmt::format("They were grouped by Ward's method{} into {} clusters.", cite("ward1963"), k));
    else if (algorithm == "mixture")
      say(fmt::format("They were grouped by a mixture of {} Gaussians{} (seed {}).", k, cite("fraley2002mixture"),
                      seed));
    else
      say(fmt::format("They were grouped by {}{} into {} clusters (seeds drawn by {}; the best of {} starts; seed {}).",
                      algorithm == "mini-batch" ? "mini-batch k-means" : "k-means",
                      algorithm == "mini-batch" ? cite("sculley2010minibatch") : cite("arthur2007kmeans"), k,
                      made.parameter("seeding") == "plus-plus" ? "k-means++" : made.parameter("seeding"),
                      starts.empty() ? "several" : starts, seed));
    if (report_.ks.size() > 1)
      say(fmt::format("Of {} numbers of clusters from {} to {}, {} was taken [say why]{}", report_.ks.size(),
                      report_.ks.front().k, report_.ks.back().k, k,
                      report_.chosen_because.empty() ? "." : ": " + report_.chosen_because));
  }

  void validation(const CodedStudy& study) {
    const auto& results = study.results;
    const auto task = study.coding.task;
    const char* work = task == CodingTask::fit         ? "zhang2024clustering"
                       : task == CodingTask::intrusion ? "chang2009tea"
                       : task == CodingTask::pairs     ? "grimmer2011clustering"
                                                       : "ying2022topics";
    const ReportCoding shown = report_coding(study, "");
    std::string sentence = fmt::format("For validation, {}", shown.question);
    sentence.pop_back();  // its full stop, which comes after the citation
    say(sentence + cite(work) + ", blind to clusters and files.");
    std::string numbers;
    for (const auto& total : shown.totals)
      numbers += fmt::format("{}{}: {}", numbers.empty() ? "" : "; ", total.name, total.value);
    say(fmt::format("{} (95 % intervals{}).", numbers, task == CodingTask::pairs ? "" : cite("wilson1927")));
    if (results.group.units > 0)
      say(fmt::format("Coders agreed on {:.1f} % of {} items; Krippendorff's alpha was {}{}, Gwet's AC1 {}{}.",
                      100 * results.group.agreement, results.group.units, shown.agreement.at(2).value,
                      cite("krippendorff2018"), shown.agreement.at(3).value, cite("gwet2008")));
  }

  const ReportSources& from_;
  const Report& report_;
  MethodsText text_;
  std::vector<std::string_view> cited_;
};

}  // namespace

MethodsText methods_text(const ReportSources& from, const Report& report, std::int64_t k,
                         const std::vector<CodedStudy>& codings) {
  return Writing(from, report).text(k, codings);
}

}  // namespace coterie::jobs
