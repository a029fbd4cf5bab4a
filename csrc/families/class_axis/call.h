// The decomposition of a loss over the class axis: its expression on tensors whose last dimension is the
// class.
#pragma once

#include "../../core/loss.h"
#include "../../math/class_axis.h"

namespace lossops {

/// The members of the expression, with null for those that it lacks.
struct ClassAxisMembers {
  int sides;
  Shift shift;
  bool (*maps)(const double* params);
  Aten (*logit)(const Aten& x, const Aten& log_prior, const double* params);
  Aten (*target_logit)(const Aten& x, const double* params);
  Aten (*true_class)(const Probability<Aten>* p, const double* params);
  Aten (*other_class)(const Probability<Aten>& p, const double* params);
  Aten (*row)(const Aten& lse, const double* params);
};

template <class E>
ClassAxisMembers members_of() {
  ClassAxisMembers f{sides<E>(), shift_of<E>()};
  if constexpr (MapsLogits<E>) {
    f.maps = [](const double* params) { return make_expression<E>(params).maps(); };
    f.logit = [](const Aten& x, const Aten& log_prior, const double* params) -> Aten {
      return map_logit(make_expression<E>(params), x, log_prior);
    };
  }
  if constexpr (MapsTarget<E>) {
    f.target_logit = [](const Aten& x, const double* params) -> Aten {
      return make_expression<E>(params).target_logit(x);
    };
  }
  if constexpr (HasTrueClass<E>) {
    f.true_class = [](const Probability<Aten>* p, const double* params) -> Aten {
      return make_expression<E>(params).true_class(p[0]);
    };
  }
  if constexpr (ComparesClasses<E>) {
    f.true_class = [](const Probability<Aten>* p, const double* params) -> Aten {
      return make_expression<E>(params).each_class(p[0], p[1]);
    };
  }
  if constexpr (HasOtherClasses<E>) {
    f.other_class = [](const Probability<Aten>& p, const double* params) -> Aten {
      return make_expression<E>(params).other_class(p);
    };
  }
  if constexpr (HasRowTerm<E>) {
    f.row = [](const Aten& lse, const double* params) -> Aten { return make_expression<E>(params).row(lse); };
  }
  return f;
}

/// The tensors of a call by what they are, undefined where there are none, and the class axis.
struct ClassAxisArguments {
  explicit ClassAxisArguments(const Call& call);

  at::Tensor x[2];
  at::Tensor target;  ///< labels, lists of them, or probabilities
  at::Tensor true_weight, other_weight, prior;
  at::Tensor class_weight, row_weight;
  int64_t dim;
  bool probabilities = false;
  bool label_list = false;
  double smoothing = 0;
};

/// Whether the mean divides by the sum of the labels' weights.
bool divides_by_weight(const Call& call, const ClassAxisArguments& rows);

/// Raises for a negative prior, which must be one that can be looked at.
void check_prior(const Call& call, const at::Tensor& prior);

/// Raises for the first label out of range; labels are int64, contiguous, and can be looked at.
void check_label_range(const Call& call, const at::Tensor& labels);

/// Says that this label, the index-th of the target, is out of range.
[[noreturn]] void label_error(const Call& call, int64_t label, int64_t index);

}  // namespace lossops
