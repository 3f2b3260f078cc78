#include "stages/assign_topics.hpp"

#include "coterie/artifacts/row_names.hpp"
#include "coterie/artifacts/topic_models.hpp"
#include "coterie/topics/lda.hpp"
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

TopicSolution infer(const Job& job, const TopicModel& model, const Documents& bags) {
  const Documents own = own_documents(bags, job.comm);
  TopicSolution solution;
  solution.model = model;
  solution.local = own.local;
  solution.local_theta = document_topics(infer_gamma(model, own, job.pool), model.topics);
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
  require(!reader.spatial(), "{} is a spatial model: assign knows plain ones only. Fit topics without --spatial",
          reader.path());
  job.recipe.set("k", fmt::to_string(topics));
  if (job.dry_run())
    return job.say("would find the topics of new images in {}, with their words in {}", reader.path(), folder);
  const CodebookReader codebook(job.study, reader.codebook());
  const Documents bags = count_new_words(job, codebook, folder);
  const TopicSolution solution = infer(job, reader.solution(topics).model, bags);
  write_table(job, name, Study(folder, Kind::assignments.maker), solution);
}

}  // namespace coterie::jobs
