// Tensors of any dtype and layout as runs of elements that kernels take.
#pragma once

#include <c10/util/SmallVector.h>

#include <algorithm>
#include <cstring>

#include "core/backend.h"
#include "runtime/cpu/isa.h"

namespace lossops::cpu {

/// Hands out runs of a tensor as T, in the memory order of another one of its shape.
template <class T>
class Reader {
 public:
  /// From now on those of t.
  void open(const at::Tensor& t, const at::Tensor& like, bool plain) {
    data_ = static_cast<const char*>(t.const_data_ptr());
    dtype_ = t.scalar_type();
    item_ = t.itemsize();
    if (plain && t.is_contiguous()) {
      dims_.push_back({t.numel(), 1});
    } else {
      for (const int64_t d : memory_order(like)) {
        if (t.size(d) == 1) continue;
        const Dim next{t.size(d), t.stride(d)};
        if (!dims_.empty() && dims_.back().stride == next.size * next.stride) {
          dims_.back() = {dims_.back().size * next.size, next.stride};
        } else {
          dims_.push_back(next);
        }
      }
    }
    if (t.numel() == 0) return;
    TORCH_CHECK(data_, "lossops: a tensor of shape ", t.sizes(), " has no storage");
    if (dims_.empty() || (dims_.size() == 1 && dims_[0].stride == 0)) {
      conversions().load(data_, dtype_, 0, splat_, kSplatSize);
      data_ = nullptr;
    } else {
      direct_ = dims_.size() == 1 && dims_[0].stride == 1 && dtype_ == c10::CppTypeToScalarType<T>::value;
    }
  }

  /// From now on the same value for every element.
  void open(T value) { std::fill_n(splat_, kSplatSize, value); }

  bool needs_buffer() const { return data_ != nullptr && !direct_; }
  int64_t step() const { return data_ != nullptr; }

  const T* read(int64_t start, int64_t size, T* buffer) const {
    if (!data_) return splat_;
    if (direct_) return reinterpret_cast<const T*>(data_) + start;
    gather(start, size, buffer);
    return buffer;
  }

 private:
  struct Dim {
    int64_t size, stride;
  };

  void gather(int64_t start, int64_t size, T* buffer) const {
    c10::SmallVector<int64_t, 8> index(dims_.size());
    int64_t offset = 0;
    for (int d = static_cast<int>(dims_.size()) - 1; d >= 0; --d) {
      index[d] = start % dims_[d].size;
      start /= dims_[d].size;
      offset += index[d] * dims_[d].stride;
    }
    const int inner = static_cast<int>(dims_.size()) - 1;
    if (inner == 1 && dims_[0].stride == 0) return repeat(index[1], size, buffer);
    while (size > 0) {
      const int64_t run = std::min(size, dims_[inner].size - index[inner]);
      conversions().load(data_ + offset * item_, dtype_, dims_[inner].stride, buffer, run);
      buffer += run;
      size -= run;
      index[inner] += run;
      offset += run * dims_[inner].stride;
      for (int d = inner; d > 0 && index[d] == dims_[d].size; --d) {
        offset += dims_[d - 1].stride - index[d] * dims_[d].stride;
        index[d] = 0;
        ++index[d - 1];
      }
    }
  }

  /// One row over and over, from its element `first`: converted once, then copied in doubling lengths.
  void repeat(int64_t first, int64_t size, T* buffer) const {
    const Dim row = dims_[1];
    const int64_t head = std::min(size, row.size - first);
    conversions().load(data_ + first * row.stride * item_, dtype_, row.stride, buffer, head);
    const int64_t rest = std::min(size, row.size) - head;
    conversions().load(data_, dtype_, row.stride, buffer + head, rest);
    for (int64_t done = row.size; done < size; done *= 2) {
      std::memcpy(buffer + done, buffer, std::min(done, size - done) * sizeof(T));
    }
  }

  static const Conversions<T>& conversions() { return LOSSOPS_FOR_THIS_ISA(conversions<T>()); }

  const char* data_ = nullptr;
  at::ScalarType dtype_ = at::ScalarType::Undefined;
  int64_t item_ = 0;
  bool direct_ = false;
  c10::SmallVector<Dim, 4> dims_;
  T splat_[kSplatSize];
};

/// Where a dense output of any dtype takes runs of T.
template <class T>
class Writer {
 public:
  Writer() = default;
  explicit Writer(const at::Tensor& t)
      : data_(static_cast<char*>(t.data_ptr())), dtype_(t.scalar_type()), item_(t.itemsize()) {}

  explicit operator bool() const { return data_ != nullptr; }
  bool needs_buffer() const { return data_ && dtype_ != c10::CppTypeToScalarType<T>::value; }
  T* target(int64_t start, T* buffer) const {
    return needs_buffer() ? buffer : reinterpret_cast<T*>(data_) + start;
  }
  void flush(int64_t start, int64_t size, const T* buffer) const {
    if (needs_buffer()) {
      LOSSOPS_FOR_THIS_ISA(conversions<T>()).store(buffer, data_ + start * item_, dtype_, 1, size);
    }
  }

 private:
  char* data_ = nullptr;
  at::ScalarType dtype_ = at::ScalarType::Undefined;
  int64_t item_ = 0;
};

}  // namespace lossops::cpu
