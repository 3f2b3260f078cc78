#include <cstring>
#include <exception>
#include <filesystem>
#include <map>
#include <optional>

#include "coterie/base/new_file.hpp"
#include "coterie/store/artifact.hpp"
#include "parallel_file.hpp"

namespace coterie::inline store {
namespace {

constexpr double kPatience = 20;  // seconds for the other ranks to fail alike

}  // namespace

struct ArtifactWriter::State {
  std::string path, partial;
  Recipe recipe;
  const Communicator& comm;
  h5::Id file;
  std::map<std::string, h5::Id> open;    ///< datasets created so far
  std::optional<Unfinished> unfinished;  ///< on the root
};

ArtifactWriter::ArtifactWriter(std::string path, Recipe recipe, const Communicator& comm)
    : state_(new State{path, path + ".tmp", std::move(recipe), comm, {}, {}, {}}) {
  comm.on_root([&] {
    make_folder(std::filesystem::path(path).parent_path());
    clear_place(state_->partial);  // what was killed may have a rank left that still writes into its file
    h5::clear_side_files(state_->partial);
    state_->unfinished.emplace(state_->partial, h5::clear_side_files);
  });
  comm.announce("H5Fcreate");
  comm.together([&] { state_->file = h5::create_parallel_file(state_->partial, comm); });
}

// Closing is collective. Where an error passes that is this rank's alone, the others never come here: then the file is
// left to the end of the processes, so that the error can be reported and end them.
ArtifactWriter::~ArtifactWriter() {
  if (!state_ || state_->path.empty()) return;
  if (state_->comm.size() > 1 && std::uncaught_exceptions() > 0 && !state_->comm.all_arrive(kPatience)) {
    static_cast<void>(state_.release());
    return;
  }
  state_->open.clear();
  state_->file.close();
}

const std::string& ArtifactWriter::path() const { return state_->path; }
const Recipe& ArtifactWriter::recipe() const { return state_->recipe; }

template <typename T>
void ArtifactWriter::create(const std::string& name, const std::vector<std::int64_t>& shape) {
  state_->comm.announce("H5Dcreate");
  state_->comm.together(
      [&] { state_->open[name] = h5::create_dataset(state_->file, name, h5::type_of<T>(), shape, state_->partial); });
}

template <typename T>
void ArtifactWriter::write_rows(const std::string& name, std::int64_t first, std::span<const T> values) {
  h5::write_rows(state_->open.at(name), first, values.data(), static_cast<std::int64_t>(values.size()),
                 h5::type_of<T>(), state_->partial);
}

template <typename T>
void ArtifactWriter::put(const std::string& name, const std::vector<std::int64_t>& shape, std::span<const T> values) {
  create<T>(name, shape);
  state_->comm.on_root([&] {
    if (values.empty()) return;
    h5::check(H5Dwrite(state_->open.at(name), h5::type_of<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()),
              "H5Dwrite", state_->partial);
  });
}

void ArtifactWriter::put_texts(const std::string& name, const std::vector<std::string>& texts) {
  require(state_->comm.size() == 1, "{}: texts are written by one rank alone", name);
  std::vector<const char*> pointers;
  for (const auto& text : texts) pointers.push_back(text.c_str());
  const h5::Id& dataset = state_->open[name] = h5::create_dataset(
      state_->file, name, h5::string_type(), {static_cast<std::int64_t>(texts.size())}, state_->partial);
  if (texts.empty()) return;
  h5::check(H5Dwrite(dataset, h5::string_type(), H5S_ALL, H5S_ALL, H5P_DEFAULT, pointers.data()), "H5Dwrite",
            state_->partial);
}

void ArtifactWriter::attribute(const std::string& name, const std::string& text) {
  state_->comm.announce("H5Acreate");
  state_->comm.together([&] { h5::write_text_attribute(state_->file, name.c_str(), text, state_->partial); });
}

void ArtifactWriter::finish() {
  State& state = *state_;
  state.comm.announce("H5Fclose");
  state.comm.together([&] {
    std::vector<h5::Id> datasets;
    for (auto& [name, dataset] : state.open) datasets.push_back(std::move(dataset));
    state.open.clear();
    h5::flush_and_close(state.file, std::move(datasets), state.partial);
  });
  state.comm.on_root([&] {
    seal_artifact(state.partial, state.recipe);
    put_in_place(state.partial, state.path);
  });
  state.path.clear();
}

#define COTERIE_INSTANTIATE(T)                                                                       \
  template void ArtifactWriter::create<T>(const std::string&, const std::vector<std::int64_t>&);     \
  template void ArtifactWriter::write_rows<T>(const std::string&, std::int64_t, std::span<const T>); \
  template void ArtifactWriter::put<T>(const std::string&, const std::vector<std::int64_t>&, std::span<const T>);
COTERIE_INSTANTIATE(float)
COTERIE_INSTANTIATE(double)
COTERIE_INSTANTIATE(std::int32_t)
COTERIE_INSTANTIATE(std::int64_t)
COTERIE_INSTANTIATE(std::uint8_t)
COTERIE_INSTANTIATE(std::uint64_t)
#undef COTERIE_INSTANTIATE

}  // namespace coterie::inline store
