// What is known of a loss over the class axis.
#pragma once

#include "../../core/backend.h"
#include "../../core/numbers.h"
#include "../../math/aten.h"
#include "../../math/class_axis.h"

namespace lossops::class_axis {

/// What a tensor argument is.
enum class Role {
  kLogits,       ///< a value per class
  kTarget,       ///< labels, or a probability per class
  kLabels,       ///< labels
  kPoint,        ///< a number from 0 to C - 1, between two classes
  kLabelList,    ///< several labels per row, ended by a negative one
  kTrueWeight,   ///< a factor of each class's `true_class`; (C) or 0-d
  kOtherWeight,  ///< a factor of each class's `other_class` by label; (C, C)
  kGiven,        ///< a number for each logit, beside the target
  kPrior,        ///< how frequent each class is; (C)
};

struct Operand {
  const char* name;
  Role role;
  bool is_optional = false;
};

/// What a line of the registry may say beyond the expression.
struct Traits {
  std::vector<Operand> operands{{"input", Role::kLogits}, {"target", Role::kTarget}};
  bool mean_over_weight = true;  ///< the mean over labels divides by the sum of their weights
  bool class_mean = false;       ///< the loss of a row is divided by its classes
  bool of_cosines = false;       ///< logits are cosines: on a product, vectors are brought to length 1
};

extern const Family kFamily;
/// The library's launchers; null where it was built without them.
const Backend* cpu_backend();
const Backend* cuda_backend();

/// A class on ATen operators, or every class of every row at once.
struct AnyClass {
  Aten d, x;  ///< its logit less the row's shift, and its exponential
  RowShift<Aten> shift;

  Probability<Aten> probability() const { return {d, x, shift}; }
  Probability<Dual<Aten>> variable() const { return {d, x, shift}; }
};

/// The members of the expression on ATen operators, each with its derivative, by ln p where it is of
/// probabilities; null for those that it lacks.
struct ClassAxisMembers {
  int sides;  ///< rows of logits that a row of the loss reads
  Shift shift;
  bool takes_prior, takes_point;
  bool reads_row;    ///< and not the label's logit alone
  bool conditional;  ///< thresholds beyond the first that the label does not reach cost nothing
  bool (*maps)(const double* params);
  Dual<Aten> (*logit)(const Dual<Aten>& x, const Dual<Aten>& log_prior, const double* params);
  Dual<Aten> (*target_logit)(const Dual<Aten>& x, const double* params);
  Dual<Aten> (*true_class)(const AnyClass& of, const double* params);
  Dual<Aten> (*other_class)(const AnyClass& of, const double* params);
  Dual<Aten> (*given_class)(const AnyClass& of, const Dual<Aten>& given, const double* params);
  Dual<Aten> (*finish)(const Dual<Aten>& own, const Dual<Aten>& others, const double* params);
  Dual<Aten> (*each_class)(const AnyClass* of, int by, const double* params);
  Dual<Aten> (*row)(const Dual<Aten>& lse, const double* params);
  /// By x, or by y.
  Dual<Aten> (*threshold)(const Aten& x, const Aten& y, bool by_y, const double* params);

  /// Whether classes have an order, in which the first has no logit.
  bool orders() const { return threshold != nullptr; }
};

struct ClassAxisLoss : Loss {
  ClassAxisLoss(const char* space, const char* name, std::vector<NumberArgument> numbers, Traits traits,
                const ClassAxisMembers& members);

  const Traits traits;
  const ClassAxisMembers members;
  const int dim, label_smoothing;  ///< where the settings stand among the numbers, or -1

  Role role(int i) const { return traits.operands[i].role; }
  Role target_role() const { return target < 0 ? Role::kLogits : role(target); }
  /// The class axis of logits with so many dimensions.
  int64_t class_dim(int64_t dims, const Settings& settings) const;
  /// Whether weights are by row: where there is no one label that they could be looked up by.
  bool weighs_rows() const {
    const Role role = target_role();
    return role == Role::kLabelList || role == Role::kPoint || members.sides == 2 || members.orders();
  }

  static const ClassAxisLoss& of(const Call& call) { return static_cast<const ClassAxisLoss&>(*call.loss); }
};

/// The loss in ATen operators.
at::Tensor decompose(const Call& call);
/// See Family.
Tensors weight_gradients(const Call& call, const Kernels& kernels, const at::Tensor& upstream,
                         int64_t wanted);

template <class E>
ClassAxisMembers members_of() {
  static_assert(MapsLogits<E> || !HasLogit<E>, "an expression with logit has maps() as well");
  ClassAxisMembers f{sides<E>(),     shift_of<E>(), MapsWithPrior<E>,
                     kTakesPoint<E>, kReadsRow<E>,  kIsConditional<E>};
  if constexpr (MapsLogits<E>) {
    f.maps = [](const double* params) { return make_expression<E>(params).maps(); };
    f.logit = [](const Dual<Aten>& x, const Dual<Aten>& log_prior, const double* params) -> Dual<Aten> {
      return map_logit(make_expression<E>(params), x, log_prior);
    };
  }
  if constexpr (MapsTarget<E>) {
    f.target_logit = [](const Dual<Aten>& x, const double* params) -> Dual<Aten> {
      return make_expression<E>(params).target_logit(x);
    };
  }
  if constexpr (HasTrueClass<E>) {
    f.true_class = [](const AnyClass& of, const double* params) -> Dual<Aten> {
      return make_expression<E>(params).true_class(of.variable());
    };
  }
  if constexpr (HasOtherClasses<E>) {
    f.other_class = [](const AnyClass& of, const double* params) -> Dual<Aten> {
      return make_expression<E>(params).other_class(of.variable());
    };
  }
  if constexpr (TakesGiven<E>) {
    f.given_class = [](const AnyClass& of, const Dual<Aten>& given, const double* params) -> Dual<Aten> {
      const E e = make_expression<E>(params);
      if (given.d.is_number() && given.d.number() == 0) return e.given_class(of.variable(), given.v);
      return e.given_class(of.probability(), given);
    };
  }
  if constexpr (Finishes<E>) {
    f.finish = [](const Dual<Aten>& own, const Dual<Aten>& others, const double* params) -> Dual<Aten> {
      return make_expression<E>(params).finish(own, others);
    };
  }
  if constexpr (ComparesClasses<E>) {
    f.each_class = [](const AnyClass* of, int by, const double* params) -> Dual<Aten> {
      const E e = make_expression<E>(params);
      if (by == 0) return e.each_class(of[0].variable(), of[1].probability());
      return e.each_class(of[0].probability(), of[1].variable());
    };
  }
  if constexpr (HasRowTerm<E>) {
    f.row = [](const Dual<Aten>& lse, const double* params) -> Dual<Aten> {
      return make_expression<E>(params).row(lse);
    };
  }
  if constexpr (OrdersClasses<E>) {
    f.threshold = [](const Aten& x, const Aten& y, bool by_y, const double* params) -> Dual<Aten> {
      const E e = make_expression<E>(params);
      if (by_y) return e.threshold(x, Dual<Aten>(y, Aten(1)));
      return e.threshold(Dual<Aten>(x, Aten(1)), y);
    };
  }
  return f;
}

template <class E>
std::unique_ptr<Loss> describe(const char* space, const char* name, Traits traits) {
  return std::make_unique<ClassAxisLoss>(space, name, number_arguments<E>(), std::move(traits),
                                         members_of<E>());
}

/// The tensors of a call by what they are, undefined where there are none, and the class axis.
struct ClassAxisArguments {
  explicit ClassAxisArguments(const Call& call);

  at::Tensor x[2];
  at::Tensor point;   ///< by row, between two classes
  at::Tensor target;  ///< labels, lists of them, or probabilities
  at::Tensor true_weight, other_weight, prior, given;
  at::Tensor class_weight;  ///< by label; of a conditional expression what each counts in the mean
  at::Tensor row_weight;
  int64_t dim;
  bool probabilities = false;
  bool label_list = false;
  double smoothing = 0;
};

/// Raises for a negative prior, which must be one that can be looked at.
void check_prior(const Call& call, const at::Tensor& prior);
/// Raises for this one.
[[noreturn]] void prior_error(const Call& call, double least);

/// The least label, or point between classes, that is allowed, and the largest.
std::pair<int64_t, c10::SymInt> label_range(const Call& call);
/// Raises for the first label out of range, lists of them included; labels are int64, contiguous, and can be
/// looked at.
void check_label_range(const Call& call, const at::Tensor& labels);
/// Raises for this label or point, the index-th of the target.
template <class T>
[[noreturn]] void label_error(const Call& call, T label, int64_t index);

}  // namespace lossops::class_axis
