// The pass of clip over tiles of scores, twice: what a pair costs, and its gradient, take the log-sum-exps of
// all its row and of all its column. Four products of matrices.
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/sub.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "families/contrast/pass.h"
#include "runtime/products.h"

namespace lossops::contrast {
namespace {

/// So that a tile, and another of its size, stay in a cache, and products are of large matrices.
constexpr int64_t kTileRows = 512, kTileColumns = 1024;

/// The log-sum-exps of rows, or columns, less the scores of the pairs themselves, as far as they are known.
struct Others {
  explicit Others(const at::Tensor& like)
      : largest(at::full({like.size(0)}, -kInfinity, like.options().dtype(at::kDouble))),
        sum(at::zeros({like.size(0)}, largest.options())) {}

  /// Adds these sums of exponentials relative to their largest scores.
  void add(int64_t first, const at::Tensor& tile_largest, const at::Tensor& tile_sum) {
    at::Tensor most = largest.narrow(0, first, tile_sum.size(0));
    at::Tensor total = sum.narrow(0, first, tile_sum.size(0));
    const at::Tensor now = most.maximum(tile_largest);
    const at::Tensor origin = shift(now);
    total.mul_((most - origin).exp()).add_(tile_sum * (tile_largest - origin).exp());
    most.copy_(now);
  }

  /// What a pair costs is softplus of that, and its gradient by its own score the sigmoid less 1.
  at::Tensor over(const at::Tensor& own) const {
    return (largest - own) + sum.log() + (own - own);  // infinite scores are no numbers
  }

  /// What the exponentials, relative to the largest, are multiplied by to be gradients.
  at::Tensor rates(const at::Tensor& by_own) const { return at::where(sum == 0, 0.0, by_own / sum); }

  at::Tensor largest, sum;
};

class BothPass {
 public:
  BothPass(const Comparison& c, const Wanted& wanted)
      : c_(c),
        wanted_(wanted),
        found_(empty_found(c, wanted)),
        rows_(c.x),
        columns_(c.y),
        own_(rows_.sum.clone()) {
    const int64_t n = c.rows();
    tile_ = at::empty({std::min(kTileRows, n) * std::min(kTileColumns, n)}, c.x.options());
    other_ = at::empty_like(tile_);
  }

  Found run() {
    each_tile([&](const at::Tensor& s, int64_t row, int64_t column) { measure(s, row, column); });
    const at::Tensor by_row = rows_.over(own_), by_column = columns_.over(own_);
    const auto softplus = [](const at::Tensor& u) { return at::softplus(u, 1, kSoftplusIsLinear); };
    found_.values.copy_(softplus(by_row) + softplus(by_column));
    if (!wanted_.x && !wanted_.y && !wanted_.scale) return found_;
    prepare(by_row.sigmoid(), by_column.sigmoid());
    gradient_ = at::empty({std::min(kTileRows, c_.rows()), c_.x.size(1)}, c_.x.options());
    each_tile([&](const at::Tensor& s, int64_t row, int64_t column) { add_gradients(s, row, column); });
    return found_;
  }

 private:
  /// Calls f with the scores of each tile, row by row of tiles. Those of the pairs themselves go to `own_`.
  template <class F>
  void each_tile(const F& f) {
    const int64_t n = c_.rows();
    for (int64_t row = 0; row < n; row += kTileRows) {
      const int64_t rows = std::min(kTileRows, n - row);
      scaled_ = c_.x.narrow(0, row, rows);
      if (c_.scale.defined()) scaled_ = scaled_ * c_.scale;
      for (int64_t column = 0; column < n; column += kTileColumns) {
        const int64_t columns = std::min(kTileColumns, n - column);
        const at::Tensor s = part(tile_, rows, columns);
        multiply(s, scaled_, c_.y.narrow(0, column, columns).t(), false);
        f(s, row, column);
      }
    }
  }

  static at::Tensor part(const at::Tensor& memory, int64_t rows, int64_t columns) {
    return memory.narrow(0, 0, rows * columns).view({rows, columns});
  }

  /// The scores of pairs in a tile, and the first one's number.
  struct Pairs {
    Pairs(const at::Tensor& s, int64_t row, int64_t column)
        : first(std::max(row, column)),
          count(std::min(row + s.size(0), column + s.size(1)) - first),
          scores(count > 0 ? s.diagonal(row - column) : at::Tensor()) {}
    at::Tensor of(const at::Tensor& all) const { return all.narrow(0, first, count); }
    int64_t first, count;
    at::Tensor scores;
  };

  void measure(const at::Tensor& s, int64_t row, int64_t column) {
    if (const Pairs own(s, row, column); own.count > 0) {
      own.of(own_).copy_(own.scores);
      own.scores.fill_(-kInfinity);
    }
    const at::Tensor by_row = s.amax(1), by_column = s.amax(0);
    at::Tensor e = part(other_, s.size(0), s.size(1));
    at::sub_out(e, s, shift(by_row).unsqueeze(1));
    rows_.add(row, by_row, e.exp_().sum(1));
    columns_.add(column, by_column, s.sub_(shift(by_column)).exp_().sum(0));
  }

  /// What the second sweep needs of each row and column, in the dtype of scores.
  void prepare(at::Tensor wrong_row, at::Tensor wrong_column) {
    if (wanted_.factor.defined()) {
      const at::Tensor f = wanted_.factor.squeeze(1).to(at::kDouble);
      wrong_row = wrong_row * f;
      wrong_column = wrong_column * f;
    }
    const auto narrow = [&](const at::Tensor& t) { return t.to(c_.x.scalar_type()); };
    row_rate_ = narrow(rows_.rates(wrong_row)).unsqueeze(1);
    column_rate_ = narrow(columns_.rates(wrong_column));
    own_gradient_ = narrow(-(wrong_row + wrong_column));
    row_largest_ = narrow(shift(rows_.largest)).unsqueeze(1);
    column_largest_ = narrow(shift(columns_.largest));
  }

  void add_gradients(const at::Tensor& s, int64_t row, int64_t column) {
    const int64_t rows = s.size(0), columns = s.size(1);
    at::Tensor g = part(other_, rows, columns);
    const Pairs own(s, row, column);
    if (own.count > 0) own.scores.fill_(-kInfinity);
    at::sub_out(g, s, row_largest_.narrow(0, row, rows));
    g.exp_().mul_(row_rate_.narrow(0, row, rows));
    s.sub_(column_largest_.narrow(0, column, columns)).exp_();
    g.addcmul_(s, column_rate_.narrow(0, column, columns));
    if (own.count > 0) g.diagonal(row - column).copy_(own.of(own_gradient_));
    if (wanted_.y) multiply(found_.y_grad.narrow(0, column, columns), g.t(), scaled_, true);
    if (!wanted_.x && !wanted_.scale) return;
    const at::Tensor gradient = wanted_.x ? found_.x_grad.narrow(0, row, rows) : gradient_.narrow(0, 0, rows);
    multiply(gradient, g, c_.y.narrow(0, column, columns), column > 0);
    if (column + columns == c_.rows()) finish_rows(c_, row, gradient, found_);
  }

  const Comparison& c_;
  const Wanted& wanted_;
  Found found_;
  Others rows_, columns_;
  at::Tensor own_;  ///< the scores of pairs
  at::Tensor row_rate_, column_rate_, own_gradient_, row_largest_, column_largest_;
  at::Tensor tile_, other_, gradient_;  ///< memory
  at::Tensor scaled_;                   ///< the rows of the tiles at hand, times the scale
};

}  // namespace

Found pass_over_both(const Comparison& c, const Wanted& wanted) { return BothPass(c, wanted).run(); }

}  // namespace lossops::contrast
