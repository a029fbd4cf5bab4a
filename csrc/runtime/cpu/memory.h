// Outputs of the CPU kernels.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <new>
#include <utility>

namespace lossops::cpu {

/// An output shaped as `like`, in its memory order if that is dense; large ones on huge pages.
at::Tensor empty_dense(const at::Tensor& like, at::ScalarType dtype);

at::Tensor scalar_tensor(double value, at::ScalarType dtype);

/// The value of a 0-d tensor; for the usual dtype without a call of the dispatcher.
double value_of_scalar(const at::Tensor& t);

/// See Backend::scale.
at::Tensor scale(const at::Tensor& gradient, const at::Tensor& upstream, const at::Tensor& denominator,
                 bool shared);

/// Memory that grows, in pieces.
template <class T>
class Arena {
 public:
  /// Forgets what was taken; from now on there is room for so much.
  void open(int64_t size) {
    if (size > size_) memory_.reset(new (kAlignment) T[size_ = size]);
    next_ = memory_.get();
  }
  T* take(int64_t size) { return std::exchange(next_, next_ + size); }

 private:
  static constexpr std::align_val_t kAlignment{64};
  struct Delete {
    void operator()(T* memory) const { ::operator delete[](memory, kAlignment); }
  };
  std::unique_ptr<T[], Delete> memory_;
  int64_t size_ = 0;
  T* next_ = nullptr;
};

}  // namespace lossops::cpu
