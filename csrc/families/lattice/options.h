// The parameters of all topologies, as what computes them needs them.
#pragma once

#include <cstdint>

#include "../../math/scalar.h"

namespace lossops::lattice {

/// What a topology lacks has no effect as it stands here.
struct Options {
  int64_t blank = 0;
  bool from_logits = true;
  bool zero_infinity = false;
  double clamp = -1;        ///< of derivatives by logits, where > 0
  double label_factor = 1;  ///< of derivatives by what emits a label, and of the loss
  bool monotonic = false;

  /// The row of the lattice in which paths leave position u at frame t, of a topology that has a row of
  /// classes for each; and how many rows a lattice of so many frames and labels has.
  LOSSOPS_INLINE int64_t row(int64_t t, int64_t u) const { return monotonic ? t : t + u; }
};

}  // namespace lossops::lattice
