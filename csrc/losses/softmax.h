// Classification: a loss of the probability p = softmax(z) that the row gives to the right class, and of what
// it gives to the wrong ones; math/class_axis.h has the members. label_smoothing acts on the target before it
// gets here, for every loss alike.
#pragma once

#include "../math/class_axis.h"

namespace lossops::losses {

struct CrossEntropy : NegativeLogLikelihood {
  double z_loss = 0, softcap = kNone;
  static constexpr std::array parameters{
      label_smoothing<CrossEntropy>(), param("z_loss", &CrossEntropy::z_loss).at_least(0),
      param("softcap", &CrossEntropy::softcap).above(0).at_most(1e30).optional()};
  LOSSOPS_INLINE bool maps() const { return softcap < kInfinity; }
  template <class X>
  LOSSOPS_INLINE auto logit(const X& x) const {
    return softcap * tanh(x / softcap);
  }
  template <class X>
  LOSSOPS_INLINE auto row(const X& lse) const {
    return z_loss == 0 ? X(0) : X(z_loss * square(lse));
  }
};

/// The softmax is the caller's: x are log-probabilities.
struct NLL : NegativeLogLikelihood {
  static constexpr Shift shift = Shift::kNone;
};

/// Lin et al. (ICCV 2017) with a softmax.
struct SoftmaxFocal {
  double gamma = 2;
  static constexpr std::array parameters{param("gamma", &SoftmaxFocal::gamma).at_least(0),
                                         label_smoothing<SoftmaxFocal>()};
  template <class P>
  LOSSOPS_INLINE auto true_class(const P& p) const {
    return scaled(power(p.q(), gamma), -p.log_p());
  }
};

/// Leng et al. (ICLR 2022): the first polynomial coefficient of cross-entropy raised by epsilon.
struct Poly1 {
  double epsilon = 2;
  static constexpr std::array parameters{param("epsilon", &Poly1::epsilon).above(-kInfinity),
                                         label_smoothing<Poly1>()};
  template <class P>
  LOSSOPS_INLINE auto true_class(const P& p) const {
    return epsilon * p.q() - p.log_p();
  }
};

/// Zhang & Sabuncu (NeurIPS 2018): between cross-entropy (q = 0) and the absolute error (q = 1).
struct GeneralizedCrossEntropy {
  double q = 0.7;
  static constexpr std::array parameters{param("q", &GeneralizedCrossEntropy::q).above(0).at_most(1),
                                         label_smoothing<GeneralizedCrossEntropy>()};
  template <class P>
  LOSSOPS_INLINE auto true_class(const P& p) const {
    return expm1(q * p.log_p()) * (-1 / q);
  }
};

/// Li et al. (NeurIPS 2020): a number as a distribution over the whole ones, of which the two beside it are
/// to share it.
struct DistributionFocal : NegativeLogLikelihood {
  static constexpr bool takes_point = true;
};

/// Ho & Wookey (2020): each way to be wrong weighs what it costs.
struct RWWCrossEntropy : NegativeLogLikelihood {
  template <class P>
  LOSSOPS_INLINE auto other_class(const P& p) const {
    return -p.log_q();
  }
};

/// Ren et al. (NeurIPS 2020), Menon et al. (ICLR 2021): logits raised by what the class frequencies explain.
struct BalancedSoftmax : NegativeLogLikelihood {
  double tau = 1;
  static constexpr std::array parameters{param("tau", &BalancedSoftmax::tau).at_least(0).below(kInfinity),
                                         label_smoothing<BalancedSoftmax>()};
  LOSSOPS_INLINE bool maps() const { return true; }
  template <class X>
  LOSSOPS_INLINE auto logit(const X& x, const X& log_prior) const {
    return tau == 0 ? x : x + log_prior * tau;
  }
};

/// Deng et al. (CVPR 2019) on cosines: the true class's angle theta is widened by the margin; beyond
/// theta + margin = pi the logit goes on falling in a straight line. The sine's slope, infinite at a cosine
/// of +-1, is taken for 0 there.
struct ArcFace : NegativeLogLikelihood {
  double margin = 0.5, scale = 64;
  static constexpr std::array parameters{param("margin", &ArcFace::margin).between(0, kPi),
                                         param("scale", &ArcFace::scale).above(0).below(kInfinity),
                                         label_smoothing<ArcFace>()};
  LOSSOPS_INLINE bool maps() const { return true; }
  template <class X>
  LOSSOPS_INLINE auto logit(const X& x) const {
    return x * scale;
  }
  template <class X>
  LOSSOPS_INLINE auto target_logit(const X& x) const {
    constexpr double kTiny = 1e-14;
    const X sine2 = 1.0 - square(x);
    const X sine = select(sine2 < X(kTiny), X(0), sqrt(at_least(sine2, kTiny)));
    const X widened = x * std::cos(margin) - sine * std::sin(margin);
    const X beyond = x - margin * std::sin(margin);
    return select(x < X(-std::cos(margin)), beyond, widened) * scale;
  }
};

/// Wang et al. (CVPR 2018) on cosines: the true class's cosine is lowered by the margin.
struct CosFace : NegativeLogLikelihood {
  double margin = 0.35, scale = 64;
  static constexpr std::array parameters{param("margin", &CosFace::margin).above(-kInfinity),
                                         param("scale", &CosFace::scale).above(0).below(kInfinity),
                                         label_smoothing<CosFace>()};
  LOSSOPS_INLINE bool maps() const { return true; }
  template <class X>
  LOSSOPS_INLINE auto logit(const X& x) const {
    return x * scale;
  }
  template <class X>
  LOSSOPS_INLINE auto target_logit(const X& x) const {
    return (x - margin) * scale;
  }
};

}  // namespace lossops::losses
