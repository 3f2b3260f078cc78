#include "outputs/methods_writing.hpp"

#include <algorithm>
#include <iterator>

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
    {"lowe2004sift",
     "@article{lowe2004sift, author = {Lowe, David G.}, title = {Distinctive Image Features from Scale-Invariant "
     "Keypoints}, journal = {International Journal of Computer Vision}, volume = {60}, number = {2}, year = {2004}}"},
    {"sivic2003google",
     "@inproceedings{sivic2003google, author = {Sivic, Josef and Zisserman, Andrew}, title = {Video {Google}: A Text "
     "Retrieval Approach to Object Matching in Videos}, booktitle = {ICCV}, year = {2003}}"},
    {"blei2003lda",
     "@article{blei2003lda, author = {Blei, David M. and Ng, Andrew Y. and Jordan, Michael I.}, title = {Latent "
     "{Dirichlet} Allocation}, journal = {Journal of Machine Learning Research}, volume = {3}, year = {2003}}"},
    {"wang2007spatial",
     "@inproceedings{wang2007spatial, author = {Wang, Xiaogang and Grimson, Eric}, title = {Spatial Latent {Dirichlet} "
     "Allocation}, booktitle = {NIPS}, year = {2007}}"},
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

}  // namespace

void MethodsWriting::say(const std::string& sentence) {
  text_.paragraph += (text_.paragraph.empty() ? "" : " ") + sentence;
}

std::string MethodsWriting::cite(std::string_view key) {
  const auto* work =
      std::find_if(std::begin(kWorks), std::end(kWorks), [&](const auto& each) { return each.key == key; });
  if (work == std::end(kWorks)) return "";
  if (std::find(cited_.begin(), cited_.end(), key) == cited_.end()) {
    cited_.push_back(key);
    text_.bibtex += std::string(work->entry) + "\n";
  }
  return fmt::format("~\\cite{{{}}}", key);
}

void MethodsWriting::images(std::int64_t used, std::int64_t listed) {
  say(fmt::format("We analysed {} images [describe them]{}.", used,
                  listed == used ? "" : fmt::format("; {} of {} files could not be used", listed - used, listed)));
}

void MethodsWriting::validation(const CodedStudy& study) {
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

MethodsText MethodsWriting::finish() {
  say(fmt::format("All steps were computed with coterie {}; the same study file and seeds give the same result.",
                  version()));
  return std::move(text_);
}

std::string cite_network(MethodsWriting& writing, const std::string& backbone) {
  std::string works;
  for (const auto& [begin, key] : kNetworks)
    if (backbone.starts_with(begin)) works += writing.cite(key);
  for (const auto& [part, key] : kTrainings)
    if (backbone.find(part) != std::string::npos) works += writing.cite(key);
  return works;
}

}  // namespace coterie::jobs
