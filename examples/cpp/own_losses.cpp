// Two losses of one's own. CMakeLists.txt has the kernels compiled once per instruction set.
#include <lossops/define.h>

namespace own {

/// ln(1 + (d / c)^2), which forgives outliers.
struct Cauchy {
  double c;
  template <class X, class T>
  LOSSOPS_INLINE auto operator()(const X& x, const T& t) const {
    return log1p(square((x - t) / c));
  }
};

/// The distance of a class's probability from 1, to a power: over the class axis, with p of the target's
/// class.
struct Shortfall {
  double power, label_smoothing;
  template <class P>
  LOSSOPS_INLINE auto true_class(const P& p) const {
    return lossops::power(p.q(), power);
  }
};

}  // namespace own

LOSSOPS_DEFINE(own, cauchy, own::Cauchy, "Tensor input, Tensor target, float c=1.0",
               .limits = {{"c", ">", 0}})
LOSSOPS_DEFINE_OVER_CLASSES(own, shortfall, own::Shortfall,
                            "Tensor input, Tensor target, float power=1.0, float label_smoothing=0.0",
                            .limits = {{"power", ">", 0}}, .roles = {Role::kLogits, Role::kTarget})
