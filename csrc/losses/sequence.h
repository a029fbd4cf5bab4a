// Sequences against labels that are not aligned with them: the sum over all alignments, which are paths
// through a lattice; math/lattice.h has the words.
#pragma once

#include "../math/lattice.h"

namespace lossops::losses {

/// Graves et al. (ICML 2006). State 0 of a position: blanks before its label; state 1: on the label, which is
/// emitted once or more; a label follows another one without a blank unless it is the same.
struct CTC {
  int64_t blank = 0;
  bool zero_infinity = false, from_logits = false;
  static constexpr std::array parameters{param("blank", &CTC::blank),
                                         param("zero_infinity", &CTC::zero_infinity),
                                         param("from_logits", &CTC::from_logits)};
  static constexpr int kStates = 2;
  /// All positions of a row emit from the same distribution over classes.
  static constexpr bool kSharesRows = true;
  static constexpr bool kMeanByLabel = true;

  template <class W, class At>
  LOSSOPS_INLINE static States<CTC, W> advance(const At& at) {
    const W gap = at.template before<0>(0), label = at.template before<1>(0);
    const W last = at.template before<1>(-1);
    return {sum(gap, last) * at.blank(0), sum(label, gap, at.jump(last, 0)) * at.label(0)};
  }
  template <class W, class At>
  LOSSOPS_INLINE static States<CTC, W> retreat(const At& at) {
    const W gap = at.template rest<0>(0) * at.blank(0), label = at.template rest<1>(0) * at.label(0);
    const W next_gap = at.template rest<0>(1) * at.blank(1);
    const W next = at.template rest<1>(1) * at.label(1);
    return {sum(gap, label), sum(label, next_gap, at.jump(next, 1))};
  }
  template <class W, class At>
  LOSSOPS_INLINE static Uses<W> uses(const At& at) {
    return {at.template after<0>(0) * at.template rest<0>(0),
            at.template after<1>(0) * at.template rest<1>(0)};
  }
};

/// Graves (2012). A blank leads to the next frame, a label to the next position: on the same frame, or if
/// monotonic on the next one as well.
struct RNNT {
  int64_t blank = -1;
  double clamp = -1;
  bool fused_log_softmax = true;
  double fastemit_lambda = 0;
  bool monotonic = false;
  static constexpr std::array parameters{
      param("blank", &RNNT::blank), param("clamp", &RNNT::clamp),
      param("fused_log_softmax", &RNNT::fused_log_softmax),
      param("fastemit_lambda", &RNNT::fastemit_lambda).at_least(0).below(kInfinity),
      param("monotonic", &RNNT::monotonic)};
  static constexpr int kStates = 1;
  static constexpr bool kSharesRows = false;
  static constexpr bool kMeanByLabel = false;

  template <class W, class At>
  LOSSOPS_INLINE static States<RNNT, W> advance(const At& at) {
    return {sum(at.template before<0>(0) * at.blank(0), at.template before<0>(-1) * at.label(-1))};
  }
  template <class W, class At>
  LOSSOPS_INLINE static States<RNNT, W> retreat(const At& at) {
    return {sum(at.template rest<0>(0) * at.blank(0), at.template rest<0>(1) * at.label(0))};
  }
  template <class W, class At>
  LOSSOPS_INLINE static Uses<W> uses(const At& at) {
    const W here = at.template before<0>(0);
    return {here * at.blank(0) * at.template rest<0>(0), here * at.label(0) * at.template rest<0>(1)};
  }
};

}  // namespace lossops::losses
