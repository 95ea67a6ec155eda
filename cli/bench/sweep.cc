#include "tandem/cli/bench/sweep.h"

#include <algorithm>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "tandem/cli/bench/measured_store.h"
#include "tandem/cli/measuring/interleaved.h"

namespace tandem::bench {

namespace {

// In so many blocks a store does what is counted, after one that is not.
constexpr std::uint64_t kCountedBlocks = 10;

measuring::Schedule ScheduleOf(const Plan& plan, const Shape& shape) {
  const std::uint64_t batches = BatchesOf(plan, shape);
  const std::uint64_t blocks = std::min(batches, kCountedBlocks);
  return {shape.callers, blocks + 1, static_cast<int>((batches + blocks - 1) / blocks)};
}

Status Within(const std::string& where, const Status& failure) {
  if (failure.code() == StatusCode::kCancelled) return failure;
  return Status(failure.code(), where + ": " + failure.message());
}

class Sweep {
 public:
  Sweep(const Plan& plan, const std::filesystem::path& work, const Observer& observer)
      : plan_(plan), work_(work), observer_(observer), stores_(StoresOf(plan)) {}

  Status Run(std::vector<Row>& rows) {
    const std::vector<Shape> shapes = ShapesOf(plan_);
    progress_.rows = shapes.size() * stores_.size();
    for (std::size_t i = 0; i < shapes.size(); ++i) {
      shapes_done_ = static_cast<double>(i) / static_cast<double>(shapes.size());
      part_of_a_shape_ = 1.0 / static_cast<double>(shapes.size());
      progress_.shape = shapes[i];
      TANDEM_RETURN_IF_ERROR(MeasureShape(shapes[i], rows));
      progress_.rows_done = rows.size();
    }
    return Status::Ok();
  }

 private:
  Status MeasureShape(const Shape& shape, std::vector<Row>& rows) {
    std::vector<std::vector<RunOfStore>> runs;
    for (std::uint64_t run = 0; run < plan_.runs; ++run) {
      TANDEM_ASSIGN_OR_RETURN(const auto samples, MeasureRun(shape, run));
      std::vector<RunOfStore>& of_stores = runs.emplace_back();
      for (const measuring::Samples& one : samples) of_stores.push_back(RunOf(one));
    }
    for (Row& row : RowsOf(shape, stores_, runs)) rows.push_back(std::move(row));
    return Status::Ok();
  }

  Result<std::vector<measuring::Samples>> MeasureRun(const Shape& shape, std::uint64_t run) {
    const std::filesystem::path directory = work_ / "run";
    auto samples = MeasureIn(directory, shape, run);
    std::error_code error;
    std::filesystem::remove_all(directory, error);
    if (samples.ok() && error) {
      return Status::IoError("can't remove " + directory.string() + ": " + error.message());
    }
    return samples;
  }

  Result<std::vector<measuring::Samples>> MeasureIn(const std::filesystem::path& directory,
                                                    const Shape& shape, std::uint64_t run) {
    std::error_code error;
    std::filesystem::create_directory(directory, error);
    if (error == std::errc::no_space_on_device) {
      return Status::NoSpace(directory.string() + ": " + error.message());
    }
    if (error) return Status::IoError(directory.string() + ": " + error.message());
    std::vector<std::unique_ptr<MeasuredStore>> opened;
    std::vector<measuring::Work> work;
    for (const StoreKind kind : stores_) {
      const std::string name(NameOf(kind));
      auto made = MakeStore(kind, directory / name, shape);
      if (!made.ok()) return Within(name, made.status());
      opened.push_back(*std::move(made));
      const std::string where = name + ", " + BatchInWords(shape);
      work.emplace_back([store = opened.back().get(), where](int caller) {
        Status done = store->Commit(caller);
        return done.ok() ? done : Within(where, done);
      });
    }
    const measuring::Schedule schedule = ScheduleOf(plan_, shape);
    return measuring::RunInterleaved(work, schedule, [&](const measuring::Block& block) {
      return Report(schedule, block, run);
    });
  }

  bool Report(const measuring::Schedule& schedule, const measuring::Block& block,
              std::uint64_t run) {
    const auto count = static_cast<double>(stores_.size());
    const auto rounds = static_cast<double>(schedule.rounds);
    const double blocks =
        (static_cast<double>(run) * rounds + static_cast<double>(block.round)) * count +
        static_cast<double>(block.contender) + 1;
    progress_.store = stores_[block.contender];
    progress_.part_of_shape = blocks / (static_cast<double>(plan_.runs) * rounds * count);
    progress_.part_of_all = shapes_done_ + progress_.part_of_shape * part_of_a_shape_;
    const double batches = static_cast<double>(schedule.block) * schedule.workers;
    progress_.per_second = block.seconds > 0 ? batches / block.seconds : 0;
    return observer_(progress_);
  }

  const Plan& plan_;
  const std::filesystem::path& work_;
  const Observer& observer_;
  const std::vector<StoreKind> stores_;
  Progress progress_;
  double shapes_done_ = 0;      // as a part of all
  double part_of_a_shape_ = 0;  // of all
};

}  // namespace

Status RunSweep(const Plan& plan, const std::filesystem::path& work, const Observer& observer,
                std::vector<Row>& rows) {
  return Sweep(plan, work, observer).Run(rows);
}

}  // namespace tandem::bench
