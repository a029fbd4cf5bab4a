// How nodes of autograd are made, which depends on torch's version.
#pragma once

#include <torch/csrc/autograd/function.h>
#include <torch/version.h>

namespace lossops {

#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 13)
template <class N>
auto make_node() {
  return c10::make_intrusive<N>();
}
#else
template <class N>
auto make_node() {
  return std::shared_ptr<N>(new N(), torch::autograd::deleteNode);
}
#endif

}  // namespace lossops
