// The formula of a loss over the class axis: its expression on tensors whose last dimension is the class.
#pragma once

#include "../../core/loss.h"
#include "../../math/row_expression.h"

namespace lossops {

/// The members of the expression, with null for those that it lacks.
struct RowFormula {
  int sides;
  Center center;
  bool (*maps)(const double* params);
  Formula (*logit)(const Formula& x, const Formula& log_prior, const double* params);
  Formula (*target_logit)(const Formula& x, const double* params);
  Formula (*hit)(const Probability<Formula>* p, const double* params);
  Formula (*miss)(const Probability<Formula>& p, const double* params);
  Formula (*row)(const Formula& lse, const double* params);
};

template <class E>
RowFormula row_formula_of() {
  RowFormula f{sides<E>(), center<E>()};
  if constexpr (MapsLogits<E>) {
    f.maps = [](const double* params) { return make_expression<E>(params).maps(); };
    f.logit = [](const Formula& x, const Formula& log_prior, const double* params) -> Formula {
      return map_logit(make_expression<E>(params), x, log_prior);
    };
  }
  if constexpr (MapsTarget<E>) {
    f.target_logit = [](const Formula& x, const double* params) -> Formula {
      return make_expression<E>(params).target_logit(x);
    };
  }
  if constexpr (HitsOneSide<E>) {
    f.hit = [](const Probability<Formula>* p, const double* params) -> Formula {
      return make_expression<E>(params).hit(p[0]);
    };
  }
  if constexpr (HitsTwoSides<E>) {
    f.hit = [](const Probability<Formula>* p, const double* params) -> Formula {
      return make_expression<E>(params).hit(p[0], p[1]);
    };
  }
  if constexpr (Misses<E>) {
    f.miss = [](const Probability<Formula>& p, const double* params) -> Formula {
      return make_expression<E>(params).miss(p);
    };
  }
  if constexpr (HasRowTerm<E>) {
    f.row = [](const Formula& lse, const double* params) -> Formula {
      return make_expression<E>(params).row(lse);
    };
  }
  return f;
}

/// The tensors of a call by what they are, undefined where there are none, and the class axis.
struct RowArguments {
  explicit RowArguments(const Call& call);

  at::Tensor x[2];
  at::Tensor target;  ///< labels, lists of them, or probabilities
  at::Tensor hit_weight, miss_weight, prior;
  at::Tensor class_weight, row_weight;
  int64_t dim;
  bool probabilities = false;
  bool label_list = false;
  double smoothing = 0;
};

/// Whether the mean divides by the sum of the labels' weights.
bool divides_by_weight(const Call& call, const RowArguments& rows);

/// Raises for a negative prior, which must be one that can be looked at.
void check_prior(const Call& call, const at::Tensor& prior);

/// Raises for the first label out of range; labels are int64, contiguous, and can be looked at.
void check_label_range(const Call& call, const at::Tensor& labels);

/// Says that this label, the index-th of the target, is out of range.
[[noreturn]] void label_error(const Call& call, int64_t label, int64_t index);

}  // namespace lossops
