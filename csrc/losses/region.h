// Regions: how well a class in the prediction covers that in the target.
#pragma once

#include "../math/sums.h"

namespace lossops::losses {

/// Milletari et al. (3DV 2016): 1 - (2 both + s) / (p + t + s).
struct Dice : Region {
  static constexpr auto parameters = region_parameters<Dice>();
  template <class S>
  LOSSOPS_INLINE S finish(const Overlap<S>& o, double smooth) const {
    const S wrong = o.only_p() + o.only_t();
    return share(wrong, S(2.0 * o.both + wrong + smooth));
  }
};

struct Jaccard : Region {
  static constexpr auto parameters = region_parameters<Jaccard>();
  template <class S>
  LOSSOPS_INLINE S finish(const Overlap<S>& o, double smooth) const {
    const S wrong = o.only_p() + o.only_t();
    return share(wrong, S(o.both + wrong + smooth));
  }
};

/// Salehi et al. (MLMI 2017).
struct Tversky : Region {
  double fp_weight = 0.5, fn_weight = 0.5;
  static constexpr auto parameters =
      region_parameters<Tversky>(param("fp_weight", &Tversky::fp_weight).at_least(0),
                                 param("fn_weight", &Tversky::fn_weight).at_least(0));
  template <class S>
  LOSSOPS_INLINE S finish(const Overlap<S>& o, double smooth) const {
    const S wrong = fp_weight * o.only_p() + fn_weight * o.only_t();
    return share(wrong, S(o.both + wrong + smooth));
  }
};

/// Abraham & Khan (ISBI 2019): the loss of Tversky to a power, of each class.
struct FocalTversky : Region {
  double fp_weight = 0.3, fn_weight = 0.7, gamma = 0.75;
  static constexpr auto parameters =
      region_parameters<FocalTversky>(param("fp_weight", &FocalTversky::fp_weight).at_least(0),
                                      param("fn_weight", &FocalTversky::fn_weight).at_least(0),
                                      param("gamma", &FocalTversky::gamma).above(0));
  template <class S>
  LOSSOPS_INLINE S finish(const Overlap<S>& o, double smooth) const {
    const S wrong = fp_weight * o.only_p() + fn_weight * o.only_t();
    // A perfect match may round to less than 0.
    return power(hinge(share(wrong, S(o.both + wrong + smooth))), gamma);
  }
};

/// Sudre et al. (DLMIA 2017): Dice of all classes together, each weighted by its size in the target.
struct GeneralizedDice : Region {
  int64_t class_weighting = 0;  ///< by 1 / t^2, 1 / t or 1
  static constexpr auto parameters = region_parameters<GeneralizedDice>(
      param("class_weighting", &GeneralizedDice::class_weighting).between(0, 2));
  template <class S>
  LOSSOPS_INLINE S class_weight(const S& t) const {
    if (class_weighting == 2) return constant(t, 1);
    return 1.0 / (class_weighting == 1 ? t : S(t * t));
  }
  template <class S>
  LOSSOPS_INLINE S finish(const Overlap<S>& o, double smooth) const {
    return Dice().finish(o, smooth);
  }
};

/// 1 - Matthews' correlation of a class with its target, which is 0 where one of them is all or nothing.
/// There is nothing to smooth.
struct MCC : Region {
  static constexpr auto parameters = region_parameters<MCC>();
  template <class S>
  LOSSOPS_INLINE S finish(const Overlap<S>& o, double) const {
    // n both - p t, over the root of p t (n - p) (n - t), pair by pair, as the product may overflow.
    const S first = o.p * o.t, second = (o.n - o.p) * (o.n - o.t);
    const auto none = (value_of(first) <= 0) | (value_of(second) <= 0);
    const S roots = sqrt(select(none, S(1), first)) * sqrt(select(none, S(1), second));
    return 1.0 - select(none, S(0), (o.both * o.n - first) / roots);
  }
};

/// Dice beside cross-entropy, of the logits or, with a sigmoid, of each class by itself.
struct DiceCE : Region {
  double dice_weight = 1, ce_weight = 1;
  static constexpr auto parameters =
      region_parameters<DiceCE>(param("dice_weight", &DiceCE::dice_weight).at_least(0),
                                param("ce_weight", &DiceCE::ce_weight).at_least(0),
                                setting<DiceCE>("label_smoothing", "float", 0).between(0, 1));
  LOSSOPS_INLINE double region_weight() const { return dice_weight; }
  LOSSOPS_INLINE PixelCost pixel() const { return {ce_weight}; }
  template <class S>
  LOSSOPS_INLINE S finish(const Overlap<S>& o, double smooth) const {
    return Dice().finish(o, smooth);
  }
};

/// Dice beside the focal loss.
struct DiceFocal : Region {
  double dice_weight = 1, focal_weight = 1, gamma = 2, alpha = kNone;
  static constexpr auto parameters =
      region_parameters<DiceFocal>(param("dice_weight", &DiceFocal::dice_weight).at_least(0),
                                   param("focal_weight", &DiceFocal::focal_weight).at_least(0),
                                   param("gamma", &DiceFocal::gamma).at_least(0),
                                   param("alpha", &DiceFocal::alpha).between(0, 1).optional());
  LOSSOPS_INLINE double region_weight() const { return dice_weight; }
  LOSSOPS_INLINE PixelCost pixel() const { return {focal_weight, gamma, alpha}; }
  template <class S>
  LOSSOPS_INLINE S finish(const Overlap<S>& o, double smooth) const {
    return Dice().finish(o, smooth);
  }
};

}  // namespace lossops::losses
