#include "families/class_axis/cuda_plan.h"

#include <ATen/ops/_assert_async.h>

namespace lossops::cuda {
namespace {

/// A run of neighbouring rows shorter than this is not worth a thread each.
constexpr int64_t kShortRun = 8;

int checked_classes(const Call& call, int64_t classes) {
  TORCH_CHECK(classes <= std::numeric_limits<int>::max() / 2, call.loss->name, ": ", call.name(0), " has ",
              classes, " classes, more than its CUDA kernel can take");
  return static_cast<int>(classes);
}

}  // namespace

template <class S>
RowPlan<S>::RowPlan(const Call& call, const ClassAxisArguments& args, const ClassAxisKernels& table,
                    int64_t wrt, int64_t classes, int64_t rows)
    : Launcher(call, wrt), loss_(ClassAxisLoss::of(call)), args_(args), table_(table) {
  all_.rows = rows;
  all_.classes = checked_classes(call, classes);
  all_.labels = all_.classes + loss_.members.orders();
  const auto params = call.settings.held_by<T>();
  std::copy(params.begin(), params.end(), all_.params);
  all_.smoothing = args_.smoothing;
  all_.value_scale = loss_.traits.class_mean ? T(1) / static_cast<T>(all_.classes) : T(1);
  read_labels();
  read_weights(rows);
  denominator_ = Launcher::denominator([&](Divisor::By by) { return measure(by); });
  all_.denominator = gradient_denominator(denominator_);
  all_.partial = partial();
}

template <class S>
int64_t RowPlan<S>::run(const RowPlanes<S>& planes, int64_t first, int64_t rows) {
  if (rows == 0 || all_.classes == 0) return 0;
  RowArgs<S> part = all_;
  static_cast<RowPlanes<S>&>(part) = planes;
  part.rows = rows;
  const Offsets& at = planes.x[0].rows;
  part.adjacent_rows = planes.x[0].class_stride != 1 && at.step() == 1 && at.run() >= kShortRun;
  if (part.label) part.label += part.is_label ? first * part.classes : first;
  if (part.is_label) part.is_label += first * part.classes;
  if (part.point) part.point += first;
  if (part.row_weight) part.row_weight += first;
  return table_.template get<S>()(part);
}

/// Labels as int64, one behind the other.
template <class S>
void RowPlan<S>::read_labels() {
  if (!args_.target.defined() || args_.probabilities) return;
  const at::Tensor& labels = keep(beside_input(args_.target).to(at::kLong).contiguous());
  all_.label = labels.const_data_ptr<int64_t>();
  all_.ignores = call_.settings.ignore_index.has_value();
  all_.ignore_index = call_.settings.ignore_index.value_or(0);
  if (all_.labels == 0 && loss_.members.sides == 1) {  // no kernel runs that could tell
    const at::Tensor fine = all_.ignores ? labels.eq(all_.ignore_index) : labels.ne(labels);
    at::_assert_async(fine.all(), loss_.name + ": target is out of range");
  }
  if (args_.label_list) {
    all_.is_label = keep(zeros({labels.numel()}, at::kByte)).template mutable_data_ptr<uint8_t>();
  }
}

/// Weights in the type that kernels compute in, or null.
template <class S>
auto RowPlan<S>::weights(const at::Tensor& t) -> const T* {
  return t.defined() ? keep(t.detach().to(kMath).contiguous()).template const_data_ptr<T>() : nullptr;
}

template <class S>
void RowPlan<S>::read_weights(int64_t rows) {
  const at::Tensor& by_class = args_.class_weight;
  at::Tensor true_weight = by_class.defined() ? by_class.detach() : at::Tensor();
  if (args_.true_weight.defined()) {
    const at::Tensor w = beside_input(args_.true_weight.detach()).to(kMath).expand({all_.classes});
    true_weight = true_weight.defined() ? true_weight.to(kMath) * w : w;
  }
  all_.true_weight = weights(true_weight);
  if (true_weight.defined() && all_.smoothing > 0)
    all_.true_weight_sum = weights(true_weight.to(at::kDouble).sum());
  all_.label_weight = weights(by_class);
  all_.other_weight = weights(args_.other_weight);
  if (args_.point.defined()) all_.point = weights(beside_input(args_.point));
  if (args_.row_weight.defined()) {
    const at::Tensor by_row = beside_input(args_.row_weight);
    all_.row_weight = weights(by_row.dim() ? by_row : by_row.expand({rows}));
  }
  if (args_.prior.defined()) {
    const at::Tensor prior = args_.prior.detach().to(at::kDouble);
    at::_assert_async(prior.lt(0).any().logical_not(), loss_.name + ": prior must be >= 0");
    all_.log_prior = weights(prior.log());
  }
}

template <class S>
Number RowPlan<S>::measure(Divisor::By by) {
  WeighLabels weigh{};
  weigh.size = all_.rows;
  weigh.classes = all_.labels;
  weigh.label = all_.label;
  weigh.ignores = all_.ignores;
  weigh.ignore_index = all_.ignore_index;
  weigh.weight = by == Divisor::kWeight ? all_.label_weight : nullptr;
  weigh.in_double = kMath == at::kDouble;
  weigh.partial = partial();
  return number_of(weigh_labels(weigh));
}

template class RowPlan<float>;
template class RowPlan<double>;
template class RowPlan<c10::Half>;
template class RowPlan<c10::BFloat16>;

}  // namespace lossops::cuda
