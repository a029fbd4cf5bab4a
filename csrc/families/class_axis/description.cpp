// What a line of the registry may say of a loss over a class axis.
#include "families/class_axis/call.h"

namespace lossops::class_axis {
namespace {

/// Raises, at registration, for what neither kernels nor decomposition can compute.
class Description {
 public:
  explicit Description(const ClassAxisLoss& loss) : loss_(loss), is_(loss.members) {}

  void check() const {
    check_logits();
    check_target();
    check_members();
    check_finish();
    check_factors();
  }

 private:
  void require(bool holds, const char* what) const {
    TORCH_CHECK(holds, loss_.space, "::", loss_.name, ": ", what, ", got ", loss_.arguments_text);
  }

  int64_t count(Role role) const {
    return std::count_if(loss_.traits.operands.begin(), loss_.traits.operands.end(),
                         [&](const Operand& o) { return o.role == role; });
  }

  bool smooths() const { return loss_.label_smoothing >= 0; }

  void check_logits() const {
    for (int i = 0; i < loss_.operands; ++i) {
      const Role role = loss_.role(i);
      require((role == Role::kLogits) == (i < is_.sides),
              "the first tensor (of an expression with each_class, the first two), and no other, must be the "
              "logits, Role::kLogits");
      require(role == Role::kLogits || count(role) == 1, "each role but Role::kLogits may be given once");
    }
    require(!loss_.traits.operands[0].is_optional, "the logits cannot be optional");
  }

  void check_target() const {
    const bool lists = count(Role::kLabelList), probabilities = count(Role::kTarget);
    require(probabilities + count(Role::kLabels) + lists + count(Role::kPoint) <= 1,
            "there may be one target: Role::kTarget, Role::kLabels, Role::kLabelList or Role::kPoint");
    require(is_.takes_point == (count(Role::kPoint) > 0), "Role::kPoint and takes_point need each other");
    if (is_.sides == 2) {
      require(!probabilities && !lists,
              "an expression with each_class takes labels (Role::kLabels) only to tell what to ignore");
      return;
    }
    require(loss_.target > 0 && !loss_.traits.operands[loss_.target].is_optional,
            "there must be a target, which is not optional, of labels, probabilities or points");
    require(!probabilities || is_.orders() ||
                (!is_.other_class && !is_.target_logit && is_.shift == Shift::kSoftmax),
            "other_class, target_logit and a shift by the target need labels (Role::kLabels or "
            "Role::kLabelList), not probabilities (Role::kTarget)");
    require(!lists || (is_.shift == Shift::kTarget && is_.other_class && !is_.true_class && !is_.maps &&
                       !count(Role::kOtherWeight)),
            "lists of labels (Role::kLabelList) need other_class, the shift Shift::kTarget and nothing else");
  }

  void check_members() const {
    const bool softmax = is_.shift == Shift::kSoftmax;
    require(is_.sides == 1 || (!is_.other_class && !is_.target_logit && !is_.row && softmax),
            "an expression with each_class has no other_class, target_logit, row or shift");
    require(is_.shift != Shift::kNone || (!is_.other_class && !is_.maps),
            "without a shift (Shift::kNone) an expression has true_class only");
    require(!is_.row || softmax, "row is of a softmax's log-sum-exp");
    require(!is_.target_logit || is_.maps, "target_logit needs logit and maps");
    require(!is_.takes_point || (is_.true_class && !is_.other_class && softmax && !is_.maps && !is_.row &&
                                 !smooths() && loss_.dim < 0 && !count(Role::kTrueWeight)),
            "takes_point needs true_class, of a softmax, and nothing else");
    require(
        !is_.orders() || (is_.shift == Shift::kNone && !is_.true_class && !is_.other_class && !is_.maps &&
                          !is_.row && !count(Role::kLabelList) && !(is_.conditional && count(Role::kTarget))),
        "an expression with threshold has no other member, and if it is conditional, labels "
        "(Role::kLabels)");
  }

  void check_finish() const {
    require((is_.given_class != nullptr) == (count(Role::kGiven) > 0),
            "Role::kGiven and given_class need each other");
    require(!is_.given_class || (is_.finish && !is_.other_class && count(Role::kLabels)),
            "given_class needs finish and labels (Role::kLabels), and no other_class");
    require(!is_.finish ||
                (is_.true_class && (is_.other_class || is_.given_class) && is_.shift == Shift::kSoftmax &&
                 !is_.row && !smooths() && !count(Role::kTrueWeight) && !count(Role::kOtherWeight)),
            "finish needs true_class and other_class or given_class, of a softmax, without a row, a "
            "label_smoothing or weights");
  }

  void check_factors() const {
    const bool has_true_class = is_.true_class && is_.sides == 1;
    require(!count(Role::kPrior) || is_.takes_prior, "a prior (Role::kPrior) needs logit(x, log_prior)");
    require(!count(Role::kTrueWeight) || has_true_class,
            "Role::kTrueWeight needs an expression with true_class");
    require(!count(Role::kOtherWeight) || is_.other_class,
            "Role::kOtherWeight needs an expression with other_class");
    require(!smooths() || (has_true_class && is_.shift == Shift::kSoftmax),
            "label_smoothing needs an expression with true_class, of a softmax");
  }

  const ClassAxisLoss& loss_;
  const ClassAxisMembers& is_;
};

}  // namespace

ClassAxisLoss::ClassAxisLoss(const char* space, const char* name, std::vector<NumberArgument> numbers,
                             Traits given, const ClassAxisMembers& members)
    : Loss(space, name, kFamily, tensor_arguments(given.operands), std::move(numbers)),
      traits(std::move(given)),
      members(members),
      dim(number_index("dim")),
      label_smoothing(number_index("label_smoothing")) {
  for (int i = 0; i < operands && members.sides == 1; ++i) {
    const Role of = role(i);
    if (of == Role::kTarget || of == Role::kLabels || of == Role::kLabelList || of == Role::kPoint)
      target = labels = i;
  }
  Description(*this).check();
}

}  // namespace lossops::class_axis
