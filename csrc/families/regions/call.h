// What is known of a loss that is a formula of sums over regions.
//
// The operators, before the arguments that all losses have (weight, ignore_index, normalizer, reduction,
// dtype):
//
//   dice(input, target, SETTINGS)
//   jaccard(input, target, SETTINGS)
//   tversky(input, target, fp_weight=0.5, fn_weight=0.5, SETTINGS)
//   focal_tversky(input, target, fp_weight=0.3, fn_weight=0.7, gamma=0.75, SETTINGS)
//   generalized_dice(input, target, class_weighting=0, SETTINGS)     0: 1 / t^2, 1: 1 / t, 2: 1
//   mcc(input, target, SETTINGS)
//   dice_ce(input, target, dice_weight=1, ce_weight=1, label_smoothing=0, SETTINGS)
//   dice_focal(input, target, dice_weight=1, focal_weight=1, gamma=2, alpha=None, SETTINGS)
//
//   SETTINGS: activation=2, smooth=1e-5, batch=False, include_background=True, squared=False,
//             soft_label=False, log=False, absent=0
//
// The input is (N, C, ...), `activation` is 0 (none), 1 (sigmoid) or 2 (softmax over the classes).
// The target holds labels (N, ...) or (N, 1, ...) of an integer dtype, of one class 0 and 1; or it has the
// input's shape. The weight is by class, C long. What has the label or element ignore_index is absent; so is
// from all means what has nothing left, and if `absent` is 1 what has no target. Groups are (N, C), without
// the background (N, C - 1), and generalized_dice (N,); with `batch` the first dimension is gone. The mean
// divides by the groups or the sum of their weights. dice_ce and dice_focal add the mean over pixels, or with
// a sum or a normalizer their sum, and have no reduction "none".
#pragma once

#include "../../core/backend.h"
#include "../../core/numbers.h"
#include "../../math/aten.h"
#include "rule.h"

namespace lossops::regions {

/// What a line of the registry says beyond the expression: nothing, so far.
struct Traits {};

extern const Family kFamily;
/// The library's launchers; null where it was built without them.
const Backend* cpu_backend();
const Backend* cuda_backend();

/// An expression of regions on numbers and on ATen operators. `by` is what to differentiate by: p (0), t (1),
/// what they share (2), or -1.
struct Members {
  template <class C>
  using Finish = Dual<C> (*)(const Overlap<C>& overlap, int by, double smooth, bool log,
                             const double* params);
  Finish<Scalar<double>> number;
  Finish<Aten> aten;
  // Null unless it has them:
  double (*class_weight)(double t, const double* params) = nullptr;
  Aten (*class_weight_aten)(const Aten& t, const double* params) = nullptr;
  double (*region_weight)(const double* params) = nullptr;
  PixelCost (*pixel)(const double* params) = nullptr;
};

struct RegionLoss : Loss {
  RegionLoss(const char* space, const char* name, std::vector<NumberArgument> numbers,
             const Members& members);

  const Members members;

  bool pools() const { return members.class_weight != nullptr; }
  RegionSettings settings(const Settings& given) const;
  static const RegionLoss& of(const Call& call) { return static_cast<const RegionLoss&>(*call.loss); }

 private:
  int first_;  ///< of the settings
  int smoothing_;
};

/// The tensors of an aligned call: target, and whether it is labels.
inline const at::Tensor& target_of(const Call& call) { return call.tensors[1]; }
inline bool has_labels(const Call& call) { return target_of(call).dim() < call.input().dim(); }
/// Whether regions and pixels are divided by a number of their own each.
inline bool has_two_means(const Call& call) {
  return call.settings.reduction == Reduction::Mean && !call.normalizer().defined();
}
/// How many labels there are.
c10::SymInt label_count(const Call& call);
/// Raises for this one, the index-th.
[[noreturn]] void label_error(const Call& call, int64_t label, int64_t index);
/// Raises for a target, or an input without an activation, that is no probability.
[[noreturn]] void value_error(const Call& call, bool of_target, double value);

/// The loss in ATen operators.
at::Tensor decompose(const Call& call);

template <class E>
Members members_of() {
  Members f{finish_region<E, Scalar<double>>, finish_region<E, Aten>};
  if constexpr (PoolsClasses<E>) {
    f.class_weight = [](double t, const double* params) {
      return make_expression<E>(params).class_weight(Scalar<double>(t)).v;
    };
    f.class_weight_aten = [](const Aten& t, const double* params) {
      return make_expression<E>(params).class_weight(t);
    };
  }
  if constexpr (HasPixelCost<E>) {
    f.region_weight = [](const double* params) { return make_expression<E>(params).region_weight(); };
    f.pixel = [](const double* params) { return make_expression<E>(params).pixel(); };
  }
  return f;
}

template <class E>
std::unique_ptr<Loss> describe(const char* space, const char* name, const Traits&) {
  return std::make_unique<RegionLoss>(space, name, number_arguments<E>(), members_of<E>());
}

}  // namespace lossops::regions
