// Losses of all pairs in a batch: of the scores scale x y^T + bias between vectors x, the rows, and vectors
// y, the columns. The matrix of scores is never there as a whole.
//
// The operators, before the arguments that all losses have (weight, ignore_index, normalizer, reduction,
// dtype):
//
//   info_nce(query, key, negatives=None, labels=None, temperature=0.1, normalize=True)
//   nt_xent(z1, z2, temperature=0.5)
//   clip(image_features, text_features, logit_scale=None, logit_bias=None)
//   siglip(image_features, text_features, logit_scale=None, logit_bias=None, negative_only=False)
//   supcon(features, labels, temperature=0.07, base_temperature=None)
//   proxy_anchor(embeddings, proxies, labels, margin=0.1, alpha=32)
//
// There is a value for each row, and `weight` has their shape or broadcasts to it; a row of weight 0 is left
// out. There is no ignore_index: a label of -1 is that of nothing.
#pragma once

#include <memory>
#include <vector>

#include "../../core/backend.h"

namespace lossops::contrast {

enum class Kind { kInfoNCE, kNTXent, kCLIP, kSigLip, kSupCon, kProxyAnchor };

struct ContrastLoss : Loss {
  ContrastLoss(const char* name, Kind kind, const std::vector<TensorArgument>& tensors,
               std::vector<NumberArgument> numbers, std::vector<int> rows, std::vector<int> columns);

  const Kind kind;
  const std::vector<int> rows, columns;  ///< the tensors whose vectors those are, one after the other

  /// Whether rows and columns are the same, and none is compared with itself.
  bool is_self() const { return rows == columns; }
  /// Whether the other side of a row is the row of the same number.
  bool is_paired() const { return kind == Kind::kCLIP || kind == Kind::kSigLip; }

  static const ContrastLoss& of(const Call& call) { return static_cast<const ContrastLoss&>(*call.loss); }
};

/// All of them.
std::vector<std::unique_ptr<Loss>> losses();

// The indices of arguments.
constexpr int kNegatives = 2, kScale = 2, kBias = 3;
/// The labels of a call, undefined where there are none.
const at::Tensor& labels(const Call& call);

/// A call as scores between rows and columns, in differentiable steps.
struct Comparison {
  explicit Comparison(const Call& call);

  at::Tensor x, y;  ///< (rows, features) and (columns, features), in the dtype of math; 0 where left out
  at::Tensor x_length, y_length;  ///< by which they were divided, 0 where those are 0; undefined: by nothing
  at::Tensor scale, bias;         ///< 0-d
  at::Tensor label;               ///< of the loss of a row by one column: which that is
  at::Tensor row_class, column_class;  ///< of those by classes, -1 where left out
  at::Tensor keep;                     ///< which rows count, as far as labels say; undefined: all
  at::Tensor weight;                   ///< by row

  int64_t rows() const { return x.size(0); }
  int64_t columns() const { return y.size(0); }
};

/// From where on ln(1 + e^u) is u to the last digit of a double.
constexpr double kSoftplusIsLinear = 40;

/// A parameter of the call by its place.
inline double parameter(const Call& call, int p) { return call.settings.params[p]; }
/// What every value is multiplied by.
double value_factor(const Call& call);
/// What the part of proxies that have positives is multiplied by, for the mean over them.
at::Tensor positives_factor(const Call& call, const Comparison& c);
/// The shape of a value per row.
c10::SymDimVector values_shape(const Call& call);
/// The dtype in which scores and sums are computed.
at::ScalarType math_dtype(const Call& call);

/// The loss in ATen operators, with all scores.
at::Tensor decompose(const Call& call);

/// See Backend and Family.
Evaluation evaluate(const Call& call, const void* kernels, int64_t wrt);
Tensors unreduced_gradients(const Call& call, const Kernels& kernels, const at::Tensor& upstream,
                            int64_t wanted);

}  // namespace lossops::contrast
