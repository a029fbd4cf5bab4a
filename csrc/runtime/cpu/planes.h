// Tensors as rows of classes, and the planes of them that kernels read and write.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/SmallVector.h>

#include "isa.h"
#include "reduction.h"

namespace lossops::cpu {

/// A tensor as rows of classes: where a row begins, and how far it is to the next.
class RowMap {
 public:
  RowMap() = default;
  RowMap(const at::Tensor& t, int64_t dim)
      : classes(t.size(dim)), class_stride(classes == 1 ? 1 : t.stride(dim)) {
    for (int64_t d = 0; d < t.dim(); ++d) {
      if (d == dim || t.size(d) == 1) continue;
      const Dim next{t.size(d), t.stride(d)};
      if (!dims_.empty() && dims_.back().stride == next.size * next.stride) {
        dims_.back() = {dims_.back().size * next.size, next.stride};
      } else {
        dims_.push_back(next);
      }
    }
    if (dims_.empty()) dims_.push_back({1, classes * class_stride});
  }

  int64_t offset(int64_t row) const {
    if (single()) return row * row_stride();
    int64_t offset = 0;
    for (int d = static_cast<int>(dims_.size()) - 1; d >= 0; --d) {
      offset += row % dims_[d].size * dims_[d].stride;
      row /= dims_[d].size;
    }
    return offset;
  }
  int64_t rows() const {
    int64_t rows = 1;
    for (const Dim& d : dims_) rows *= d.size;
    return rows;
  }
  /// Rows in a run of equal strides, and that stride.
  int64_t run() const { return dims_.back().size; }
  int64_t row_stride() const { return dims_.back().stride; }
  bool single() const { return dims_.size() == 1; }
  /// Whether `count` rows from `row` on lie in one run.
  bool together(int64_t row, int64_t count) const { return single() || row % run() + count <= run(); }

  int64_t classes = 0;
  int64_t class_stride = 1;

 private:
  struct Dim {
    int64_t size, stride;
  };
  c10::SmallVector<Dim, 4> dims_;
};

/// The planes of one tensor, block by block: in place where the kernel can take them, else by a buffer.
template <class S>
class Rows {
  using T = typename MathOf<S>::type;

 public:
  Rows() = default;
  /// Of a tensor that is only read unless it is an output of ours.
  Rows(const at::Tensor& t, int64_t dim, bool across_rows)
      : data_(static_cast<char*>(const_cast<void*>(t.const_data_ptr()))),
        dtype_(t.scalar_type()),
        item_(t.itemsize()),
        across_rows_(across_rows),
        map_(t, dim) {}

  explicit operator bool() const { return data_ != nullptr; }

  const RowMap& map() const { return map_; }

  /// Whether a kernel may be unable to take the blocks in place.
  bool needs_buffer() const { return data_ && !(map_.single() && lies_right()); }
  /// Whether they take all those that lie within `rows` rows, of which the tensor has a whole number.
  bool takes(int64_t rows) const { return lies_right() && rows > 0 && map_.run() % rows == 0; }

  /// `buffer` has room for the block.
  Plane<S> plane(int64_t row, int64_t count, S* buffer) const {
    if (!data_) return {};
    const bool by_class = across(row, count);
    if (in_place() && map_.together(row, count) && (by_class || map_.class_stride == 1)) {
      return {reinterpret_cast<S*>(data_) + map_.offset(row), map_.row_stride(), map_.class_stride};
    }
    return by_class ? Plane<S>{buffer, 1, count} : Plane<S>{buffer, map_.classes, 1};
  }

  Plane<const S> read(int64_t row, int64_t count, S* buffer) const {
    const Plane<S> p = plane(row, count, buffer);
    if (p.data == buffer && buffer)
      transfer(row, count, p, [&](char* memory, S* lanes, int64_t stride, int64_t n) {
        conversions().load(memory, dtype_, stride, lanes, n);
      });
    return {p.data, p.row_stride, p.class_stride};
  }

  /// Of each row only the element for its label: the plane has no other.
  Plane<const S> read_at(const int64_t* label, int64_t row, int64_t count, S* buffer) const {
    if (in_place() && map_.together(row, count)) {
      return {reinterpret_cast<const S*>(data_) + map_.offset(row), map_.row_stride(), map_.class_stride};
    }
    for (int64_t r = 0; r < count; ++r) {
      const int64_t known = label[r] >= 0 && label[r] < map_.classes ? label[r] : 0;
      const int64_t at = map_.offset(row + r) + known * map_.class_stride;
      conversions().load(data_ + at * item_, dtype_, 1, buffer + r, 1);
    }
    return {buffer, 1, 0};
  }

  /// Takes a block that was written to the buffer to the tensor.
  void flush(int64_t row, int64_t count, const Plane<S>& p, S* buffer, Reach* reach) const {
    if (reach && dtype_ == at::kHalf) reach->add(buffer, count * map_.classes);
    if (p.data == buffer && buffer)
      transfer(row, count, p, [&](char* memory, S* lanes, int64_t stride, int64_t n) {
        conversions().store(lanes, memory, dtype_, stride, n);
      });
  }

 private:
  static const Conversions<S>& conversions() { return LOSSOPS_FOR_THIS_ISA(conversions<S>()); }
  bool lies_right() const {
    return in_place() && (map_.class_stride == 1 || (across_rows_ && map_.row_stride() == 1));
  }
  bool in_place() const { return dtype_ == c10::CppTypeToScalarType<S>::value; }
  /// Whether the block's rows lie side by side in memory.
  bool across(int64_t row, int64_t count) const {
    return across_rows_ && map_.class_stride != 1 && map_.row_stride() == 1 && map_.together(row, count);
  }

  template <class F>
  void transfer(int64_t row, int64_t count, const Plane<S>& p, const F& f) const {
    if (p.class_stride != 1) {
      char* const memory = data_ + map_.offset(row) * item_;
      for (int64_t c = 0; c < map_.classes; ++c)
        f(memory + c * map_.class_stride * item_, p.data + c * count, 1, count);
    } else {
      for (int64_t r = 0; r < count; ++r) {
        f(data_ + map_.offset(row + r) * item_, p.data + r * map_.classes, map_.class_stride, map_.classes);
      }
    }
  }

  char* data_ = nullptr;
  at::ScalarType dtype_ = at::ScalarType::Undefined;
  int64_t item_ = 0;
  bool across_rows_ = false;
  RowMap map_;
};

}  // namespace lossops::cpu
