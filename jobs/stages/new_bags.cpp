#include "stages/new_bags.hpp"

#include "command/lineage.hpp"
#include "stages/topic_source.hpp"
#include "stages/word_counts.hpp"

namespace coterie::jobs {

DescriptorReader describe_new_images(const Job& job, const CodebookReader& codebook, const std::string& folder) {
  require(job.options.given("images"), "bags of words are made of images: give the new ones with --images");
  Context inside = job.context;
  inside.maker = Kind::assignments.maker;
  const CommandList& commands = job.context.commands;
  Options scan(find_command(commands, "scan").options);
  scan.take_over(job.asked);
  scan.set("study", folder);
  const std::string address = Study::address(Kind::descriptors, codebook.codebook().descriptors);
  const Recipe made = DescriptorReader(job.study, codebook.codebook().descriptors).recipe();
  Options words = options_of(commands, address, made);
  words.take_over(job.asked);
  words.set("study", folder);
  words.set("name", kNewImages);
  run_command(inside, find_command(commands, "scan"), scan);
  run_command(inside, find_command(commands, "words"), words);
  DescriptorReader fresh(Study(folder, Kind::assignments.maker), kNewImages);
  require(fresh.columns() == codebook.codebook().columns && fresh.recipe().inputs() == made.inputs(),
          "the new descriptors were made with other weights than those of {}", codebook.path());
  return fresh;
}

Documents count_new_words(const Job& job, const CodebookReader& codebook, const std::string& folder) {
  const DescriptorReader fresh = describe_new_images(job, codebook, folder);
  Documents own;
  job.comm.together([&] { own = count_words(job, fresh, codebook.codebook(), [](std::int64_t, auto) {}); });
  return gather_documents(own, job.comm);
}

PlacedWords place_new_words(const Job& job, const CodebookReader& codebook, const std::string& folder) {
  const DescriptorReader fresh = describe_new_images(job, codebook, folder);
  PlacedWords placed;
  job.comm.together([&] {
    std::vector<std::int32_t> words;
    const Documents own = count_words(job, fresh, codebook.codebook(), [&](std::int64_t, auto found) {
      words.insert(words.end(), found.begin(), found.end());
    });
    placed = place_words(fresh, std::move(words), own.vocabulary, own.local);
  });
  return placed;
}

}  // namespace coterie::jobs
