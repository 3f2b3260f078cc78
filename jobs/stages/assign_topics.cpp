#include "stages/assign_topics.hpp"

#include "coterie/artifacts/row_names.hpp"
#include "coterie/artifacts/topic_models.hpp"
#include "coterie/base/number.hpp"
#include "coterie/topics/lda.hpp"
#include "coterie/topics/spatial_lda.hpp"
#include "outputs/output_folder.hpp"
#include "outputs/topic_tables.hpp"
#include "stages/new_bags.hpp"

namespace coterie::jobs {
namespace {

// The number of topics that --k names; it may stay unsaid where there is one.
std::int64_t the_number(const Job& job, const TopicReader& reader) {
  const auto asked = job.options.counts("k");
  if (asked.empty() && reader.numbers().size() == 1) return reader.numbers().front();
  require(asked.size() == 1, "{} holds models of {} topics; say with --k which of them", reader.path(),
          fmt::join(reader.numbers(), ", "));
  return asked.front();
}

// The regions that the model was fitted with.
RegionOptions regions_of(const TopicReader& reader) {
  RegionOptions regions;
  const auto given = [&](const char* name, double& value) {
    const std::string text = reader.recipe().parameter(name);
    const auto number = parse_as<double>(text, 0, 1e9);
    if (!number) throw FileError(reader.path(), fmt::format("its recipe has no {} of regions, but '{}'", name, text));
    value = *number;
  };
  given("pitch", regions.pitch);
  given("sigma", regions.sigma);
  given("radius", regions.radius);
  return regions;
}

// The E-step of the fit, with its topics as they are.
TopicSolution infer(const Job& job, const TopicReader& reader, std::int64_t topics, const std::string& folder) {
  const CodebookReader codebook(job.study, reader.codebook());
  TopicSolution solution;
  solution.model = reader.solution(topics).model;
  if (reader.spatial()) {
    const PlacedWords own = place_new_words(job, codebook, folder);
    solution.local = own.local;
    solution.local_theta = infer_image_topics(solution.model, own, {{}, regions_of(reader)}, job.pool).theta;
  } else {
    const Documents own = own_documents(count_new_words(job, codebook, folder), job.comm);
    solution.local = own.local;
    solution.local_theta = document_topics(infer_gamma(solution.model, own, job.pool), topics);
  }
  return solution;
}

// The tables of topics have a line for each document; of new images there is nothing else to say.
void write_table(const Job& job, const std::string& name, const Study& fresh, TopicSolution solution) {
  solution.local_theta = job.comm.gather_all(std::span<const double>(solution.local_theta));
  job.comm.on_root([&] {
    const DescriptorReader descriptors(fresh, kNewImages);
    const std::string place = "tables/assignments/" + name;
    OutputFolder folder(job.study.folder(), place, provenance_of(job), job.options.flag("overwrite"));
    const TopicTables tables(folder.folder(), job.options.flag("exact") ? TableText::exact : TableText::harmless);
    tables.write_documents(solution, name_rows(fresh, descriptors.identities()));
    folder.finish();
    job.say("wrote {}: the topics of {} images", folder.final_folder(), descriptors.images());
  });
}

}  // namespace

void give_topics(Job& job, const std::string& name, const std::string& folder) {
  const TopicReader reader(job.study, job.take(Kind::topics));
  const std::int64_t topics = the_number(job, reader);
  require(!reader.codebook().empty(), "{} is of counts that were made elsewhere, so coterie cannot make new ones",
          reader.path());
  job.recipe.set("k", fmt::to_string(topics));
  if (job.dry_run())
    return job.say("would find the topics of new images in {}, with their words in {}", reader.path(), folder);
  write_table(job, name, Study(folder, Kind::assignments.maker), infer(job, reader, topics, folder));
}

}  // namespace coterie::jobs
