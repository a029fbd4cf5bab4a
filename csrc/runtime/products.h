// What passes over products of matrices share, on any device.
#pragma once

#include "../core/backend.h"

namespace lossops {

/// a b, or that added to what is there. Halves are multiplied into floats; on the CPU each product is rounded
/// to a half on the way.
void multiply(at::Tensor to, const at::Tensor& a, const at::Tensor& b, bool adds);

/// Whether this processor multiplies bfloat16 numbers faster than floats.
bool multiplies_bfloat16();

/// How many of these rows to compute at a time, each of which has scores of so many bytes and is a product of
/// so many features with a matrix that has as many columns.
int64_t chunk_rows(int64_t rows, int64_t row_bytes, int64_t features);

/// Vectors of length 1, differentiably; of zeros, zeros. Lengths, which `length` gets, are measured relative
/// to the largest component, so that none overflows.
at::Tensor directions(const at::Tensor& v, at::Tensor* length = nullptr);

/// Makes the gradients of an evaluation, in whatever dtype they were computed, what the call's tensors need.
/// Those that come with a denominator are multiplied by the power of two with which the largest fits float16,
/// so that no more underflow than have to.
void finish_gradients(const Call& call, int64_t wrt, Evaluation& out);

}  // namespace lossops
