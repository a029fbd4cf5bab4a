// Classes in an order, K of them, as K - 1 questions: whether the label lies above each threshold.
#pragma once

#include "../math/class_axis.h"

namespace lossops::losses {

/// Cao, Mirjalili & Raschka (2020): every threshold is asked, of every label.
struct CORAL {
  template <class X, class Y>
  LOSSOPS_INLINE auto threshold(const X& x, const Y& y) const {
    return logistic(x).nll(y, 1.0 - y);
  }
};

/// Shi, Cao & Raschka (2023): a threshold is asked of those labels alone that lie above all before it, so
/// that its logit is of a conditional probability.
struct CORN : CORAL {
  static constexpr bool conditional = true;
};

}  // namespace lossops::losses
