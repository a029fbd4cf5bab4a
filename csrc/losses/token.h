// What trainers of language models read of the logits of a token.
#pragma once

#include "../math/class_axis.h"

namespace lossops::losses {

/// No loss: the log-probability of a class, of logits over a temperature.
struct SelectiveLogSoftmax {
  double temperature = 1;
  static constexpr std::array parameters{
      param("temperature", &SelectiveLogSoftmax::temperature).above(0).below(kInfinity),
      class_dim<SelectiveLogSoftmax>()};
  LOSSOPS_INLINE bool maps() const { return temperature != 1; }
  template <class X>
  LOSSOPS_INLINE auto logit(const X& x) const {
    return x / temperature;
  }
  template <class P>
  LOSSOPS_INLINE auto true_class(const P& p) const {
    return p.log_p();
  }
};

/// No loss either: the entropy of a row, to which every class adds -p ln p. Which one is labelled makes no
/// difference.
struct SoftmaxEntropy {
  double temperature = 1;
  static constexpr std::array parameters{
      param("temperature", &SoftmaxEntropy::temperature).above(0).below(kInfinity),
      class_dim<SoftmaxEntropy>()};
  LOSSOPS_INLINE bool maps() const { return temperature != 1; }
  template <class X>
  LOSSOPS_INLINE auto logit(const X& x) const {
    return x / temperature;
  }
  template <class P>
  LOSSOPS_INLINE auto true_class(const P& p) const {
    return scaled(p.p(), -p.log_p());
  }
  template <class P>
  LOSSOPS_INLINE auto other_class(const P& p) const {
    return true_class(p);
  }
};

}  // namespace lossops::losses
