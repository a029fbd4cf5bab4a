// A fused pass over the scores of a call, a part of them at a time.
#pragma once

#include "families/contrast/call.h"

namespace lossops::contrast {

/// Which gradients of a sum of values are wanted, and how much each value counts in it.
struct Wanted {
  bool x = false, y = false, scale = false, bias = false;
  at::Tensor factor;  ///< (rows, 1), in the dtype of math; undefined: 1

  bool any() const { return x || y || scale || bias; }
};

/// What a pass found.
struct Found {
  at::Tensor values;                     ///< by row, before weights and `value_factor`
  at::Tensor keep;                       ///< which of them count; undefined: all
  at::Tensor x_grad, y_grad;             ///< by the vectors that were compared
  at::Tensor scale_by_row, bias_by_row;  ///< what each row adds to those gradients
};

/// Of losses that compare a row with the columns: each row's values turn into gradients in place.
Found pass_over_rows(const Call& call, const Comparison& c, const Wanted& wanted);
/// Of clip, whose columns are compared with the rows as well: of tiles, which have gradients once the
/// log-sum-exps of all rows and columns are known.
Found pass_over_both(const Comparison& c, const Wanted& wanted);

/// What scores are relative to: the largest, or 0 where there is none.
at::Tensor shift(const at::Tensor& largest);
/// Room for what is wanted; what is added up is 0.
Found empty_found(const Comparison& c, const Wanted& wanted);
/// Rows of a chunk were multiplied by all columns, which gave their gradients but for the scale: puts it on.
void finish_rows(const Comparison& c, int64_t first, const at::Tensor& gradient, Found& found);

}  // namespace lossops::contrast
