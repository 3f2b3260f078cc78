#include <cmath>
#include <filesystem>

#include "command/job.hpp"
#include "coterie/evaluation/agreement.hpp"
#include "coterie/evaluation/matching.hpp"
#include "coterie/report/chart.hpp"
#include "outputs/table_file.hpp"
#include "stages/labellings.hpp"

namespace coterie::jobs {
namespace fs = std::filesystem;
namespace {

constexpr int kRevision = 1;
constexpr std::size_t kMostCrosstabs = 200;  // files: more nobody opens; the artifact holds all
constexpr std::size_t kMostShown = 40;       // labellings in one picture

// The first of a pair is the truth where that matters: a column where there is one.
struct Pair {
  std::size_t first, second;
  Contingency table;
  Agreement agreement;
  Matching matching;
};

std::vector<Pair> compare_all(const Labellings& labellings, ThreadPool& pool) {
  std::vector<Pair> pairs;
  for (std::size_t a = 0; a < labellings.all.size(); ++a)
    for (std::size_t b = a + 1; b < labellings.all.size(); ++b) {
      const bool turn = labellings.all[b].column && !labellings.all[a].column;
      pairs.push_back({turn ? b : a, turn ? a : b, {}, {}, {}});
    }
  pool.for_each(std::ssize(pairs), [&](std::int64_t i, int) {
    Pair& pair = pairs[static_cast<std::size_t>(i)];
    const NamedLabelling &first = labellings.all[pair.first], &second = labellings.all[pair.second];
    pair.table =
        contingency(first.labels, second.labels, std::ssize(first.label_names), std::ssize(second.label_names));
    pair.agreement = agreement(pair.table);
    pair.matching = best_matching(pair.table);
  });
  return pairs;
}

std::vector<std::string> names_of(const Labellings& labellings) {
  std::vector<std::string> names;
  for (const auto& labelling : labellings.all) names.push_back(labelling.name);
  return names;
}

// One figure of every two labellings, row-major; 1 of each with itself.
std::vector<double> matrix_of(const Labellings& labellings, const std::vector<Pair>& pairs, double Agreement::*field) {
  const std::size_t count = labellings.all.size();
  std::vector<double> matrix(count * count, 1.0);
  for (const auto& pair : pairs)
    matrix[pair.first * count + pair.second] = matrix[pair.second * count + pair.first] = pair.agreement.*field;
  return matrix;
}

void write_artifact(const std::string& path, const Recipe& recipe, const Labellings& labellings,
                    const std::vector<Pair>& pairs) {
  ArtifactWriter writer(path, recipe, Communicator::self());
  const auto count = std::ssize(labellings.all);
  writer.put_texts("labelling", names_of(labellings));
  writer.put_value<std::int64_t>("images", labellings.rows);
  const auto put_matrix = [&](const char* name, double Agreement::*field) {
    writer.put<double>(name, {count, count}, matrix_of(labellings, pairs, field));
  };
  put_matrix("adjusted_rand", &Agreement::adjusted_rand);
  put_matrix("adjusted_mutual_info", &Agreement::adjusted_mutual_info);
  put_matrix("normalised_mutual_info", &Agreement::normalised_mutual_info);
  put_matrix("v_measure", &Agreement::v_measure);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const Pair& pair = pairs[i];
    const std::string group = fmt::format("pairs/{}", i);
    writer.put<std::int64_t>(
        group + "/labellings", {2},
        std::vector<std::int64_t>{static_cast<std::int64_t>(pair.first), static_cast<std::int64_t>(pair.second)});
    writer.put<std::int64_t>(group + "/crosstab", {pair.table.rows, pair.table.columns}, pair.table.counts);
    writer.put<std::int64_t>(group + "/partner", {pair.table.rows}, pair.matching.partner);
    writer.put_value<double>(group + "/purity", pair.agreement.purity);
  }
  writer.finish();
}

double matched_share(const Pair& pair, std::int64_t rows) {
  return static_cast<double>(pair.matching.matched) / static_cast<double>(rows);
}

void write_pairs(const std::string& path, const Labellings& labellings, const std::vector<Pair>& pairs) {
  TableFile table(path);
  table.line({"first", "second", "adjusted_rand", "adjusted_mutual_info", "normalised_mutual_info", "homogeneity",
              "completeness", "v_measure", "purity", "matched"},
             ',');
  for (const auto& pair : pairs) {
    const Agreement& found = pair.agreement;
    std::vector<std::string> fields = {labellings.all[pair.first].name, labellings.all[pair.second].name};
    for (const double value :
         {found.adjusted_rand, found.adjusted_mutual_info, found.normalised_mutual_info, found.homogeneity,
          found.completeness, found.v_measure, found.purity, matched_share(pair, labellings.rows)})
      fields.push_back(fmt::format("{:.9g}", value));
    table.line(fields, ',');
  }
  table.finish();
}

void write_matrix(const std::string& path, const Labellings& labellings, const std::vector<double>& matrix) {
  TableFile table(path);
  std::vector<std::string> header = {"adjusted_rand"};
  for (const auto& labelling : labellings.all) header.push_back(labelling.name);
  table.line(header, ',');
  for (std::size_t i = 0; i < labellings.all.size(); ++i) {
    std::vector<std::string> fields = {labellings.all[i].name};
    for (std::size_t j = 0; j < labellings.all.size(); ++j)
      fields.push_back(fmt::format("{:.9g}", matrix[i * labellings.all.size() + j]));
    table.line(fields, ',');
  }
  table.finish();
}

// A file's name of any labelling's.
std::string file_stem(std::string name) {
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_' && c != '.') c = '-';
  return name;
}

// Rows are the first's labels; columns the second's, each partner under the label it matches best, then the rest.
void write_crosstab(const std::string& folder, const Labellings& labellings, const Pair& pair) {
  const NamedLabelling &first = labellings.all[pair.first], &second = labellings.all[pair.second];
  TableFile table(fmt::format("{}/crosstab-{}-by-{}.csv", folder, file_stem(first.name), file_stem(second.name)));
  std::vector<std::size_t> order;
  std::vector<bool> placed(static_cast<std::size_t>(pair.table.columns));
  for (const auto partner : pair.matching.partner)
    if (partner >= 0) {
      order.push_back(static_cast<std::size_t>(partner));
      placed[order.back()] = true;
    }
  for (std::size_t j = 0; j < placed.size(); ++j)
    if (!placed[j]) order.push_back(j);
  std::vector<std::string> header = {first.name};
  for (const auto j : order) header.push_back(second.label_names[j]);
  header.emplace_back("best_match");
  table.line(header, ',');
  for (std::int64_t i = 0; i < pair.table.rows; ++i) {
    const auto partner = pair.matching.partner[static_cast<std::size_t>(i)];
    std::vector<std::string> fields = {first.label_names[static_cast<std::size_t>(i)]};
    for (const auto j : order) fields.push_back(fmt::to_string(pair.table.at(i, static_cast<std::int64_t>(j))));
    fields.push_back(partner < 0 ? "" : second.label_names[static_cast<std::size_t>(partner)]);
    table.line(fields, ',');
  }
  table.finish();
}

void write_tables(const Job& job, const std::string& name, const Labellings& labellings,
                  const std::vector<Pair>& pairs) {
  const std::string folder = job.study.folder() + "/tables";
  make_folder(folder);
  write_pairs(fmt::format("{}/{}.csv", folder, name), labellings, pairs);
  write_matrix(fmt::format("{}/{}_matrix.csv", folder, name), labellings,
               matrix_of(labellings, pairs, &Agreement::adjusted_rand));
  job.say("wrote {0}/{1}.csv and {0}/{1}_matrix.csv: {2} pairs", folder, name, pairs.size());
  if (pairs.size() > kMostCrosstabs)
    return job.say("{} crosstabs are in the artifact alone; fewer than {} would be written as tables, too",
                   pairs.size(), kMostCrosstabs);
  for (const auto& pair : pairs) write_crosstab(folder, labellings, pair);
  job.say("wrote {} crosstabs beside them", pairs.size());
}

void draw(const Job& job, const Labellings& labellings, const std::vector<Pair>& pairs) {
  if (labellings.all.size() > kMostShown)
    return job.say("{} labellings are too many for one picture; name fewer with --clusterings", labellings.all.size());
  const std::string folder = job.study.folder() + "/figures";
  make_folder(folder);
  write_chart(agreement_map("comparison", "Agreement of each two (ARI)", names_of(labellings),
                            matrix_of(labellings, pairs, &Agreement::adjusted_rand)),
              folder);
  job.say("drew {}/comparison.svg", folder);
}

}  // namespace

void compare(Job& job) {
  job.comm.on_root([&] {
    const Labellings labellings =
        read_labellings(job.study, job.options.list("clusterings"), job.options.list("labels"));
    const std::string name = job.options.text("name").empty() ? "comparison" : job.options.text("name");
    require_artifact_name(name);
    Recipe recipe("compare", kRevision);
    for (const char* option : {"clusterings", "labels"}) recipe.set(option, job.options.text(option));
    for (const auto& [clustering, digest] : labellings.digests) recipe.input("clustering " + clustering, digest);
    const std::string path = job.study.path(Kind::comparisons, name);
    if (job.study.standing(path, recipe, job.options.flag("overwrite")) == Standing::current)
      return job.say("{} is up to date", path);
    if (job.dry_run()) return job.say("would make {} of {} labellings", path, labellings.all.size());
    if (labellings.left_out > 0)
      job.say("compares the {} images that all have in common; up to {} are left out", labellings.rows,
              labellings.left_out);
    const auto pairs = compare_all(labellings, job.pool);
    write_tables(job, name, labellings, pairs);
    if (job.options.flag("figures")) draw(job, labellings, pairs);
    write_artifact(path, recipe, labellings, pairs);  // last: where it is, all is
    for (const auto& pair : pairs)
      if (pairs.size() <= 30)
        job.say("{} and {}: ARI {:.3f}, AMI {:.3f}, {:.0f} % of the images in matched labels",
                labellings.all[pair.first].name, labellings.all[pair.second].name, pair.agreement.adjusted_rand,
                pair.agreement.adjusted_mutual_info, 100 * matched_share(pair, labellings.rows));
    job.say("made {}", path);
  });
}

}  // namespace coterie::jobs
