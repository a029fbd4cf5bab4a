// Losses of one's own, as native as those of the library: an expression and one line make an operator with
// fused kernels, derivatives of any order, meta and autocast kernels and rules for vmap and compile.
//
//   #include <lossops/define.h>
//
//   namespace mine {
//   struct Cauchy {
//     double c = 1;
//     static constexpr std::array parameters{lossops::param("c", &Cauchy::c).positive()};
//     template <class X, class T>
//     LOSSOPS_INLINE auto operator()(const X& x, const T& t) const {
//       return log1p(square((x - t) / c));
//     }
//   };
//   }  // namespace mine
//   LOSSOPS_DEFINE(mine, cauchy, mine::Cauchy)
//
// defines torch.ops.mine.cauchy(input, target, c=1.0, weight=None, ignore_index=None, normalizer=None,
// reduction=1, dtype=None), for the instruction set that this file is compiled for. Expressions are written
// in math/vocabulary.h, their parameters in math/parameters.h; one over the class axis has the members that
// math/class_axis.h lists, and torch.ops.mine.linear_<op> beside it, on a product of matrices instead of
// logits; one of sums has those in math/sums.h. What may follow the expression are fields of Traits in
// families/<family>/call.h, such as .operands = {{"input"}, {"target"}, {"level", Shape::kBroadcast}}.
//
// Include this before any other header of torch, use the macro outside of namespaces, and link lossops. For a
// program that has to run on processors of several generations, give lossops_add_kernels of the CMake package
// the file, with nothing else in it: it compiles the kernels once per instruction set. Functions that an
// expression calls are LOSSOPS_INLINE as well, or the linker takes one of those for all.
//
// Kernels for GPUs, where lossops itself has them: compile the file with nvcc (as -x cu) as well, which makes
// only those, and define LOSSOPS_CUDA where it is compiled for the host.
#pragma once

#if defined(__CUDACC__)

#define LOSSOPS_CUDA_KERNELS_HERE
#define LOSSOPS_DEFINE(space, op, Expression, ...)           \
  namespace lossops::cuda {                                  \
  template struct ElementKernelsOf<::Expression, float>;     \
  template struct ElementKernelsOf<::Expression, double>;    \
  template struct RowKernelsOf<::Expression, float>;         \
  template struct RowKernelsOf<::Expression, double>;        \
  template struct RowKernelsOf<::Expression, c10::Half>;     \
  template struct RowKernelsOf<::Expression, c10::BFloat16>; \
  template struct VectorKernelsOf<::Expression>;             \
  template struct RegionKernelsOf<::Expression>;             \
  }

#elif defined(CPU_CAPABILITY)  // the kernels only, for one instruction set: see lossops_add_kernels

#define LOSSOPS_KERNELS_HERE
#define LOSSOPS_DEFINE(space, op, Expression, ...) \
  namespace lossops::cpu::CPU_CAPABILITY {         \
  template const void* kernels<::Expression>();    \
  }

#else

#if !defined(LOSSOPS_KERNELS_ELSEWHERE)
#define LOSSOPS_KERNELS_HERE
#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VL__) && defined(__AVX512DQ__) && \
    defined(__FMA__)
#define CPU_CAPABILITY AVX512
#define CPU_CAPABILITY_AVX512
#elif defined(__AVX2__) && defined(__FMA__)
#define CPU_CAPABILITY AVX2
#define CPU_CAPABILITY_AVX2
#else
#define CPU_CAPABILITY DEFAULT
#define CPU_CAPABILITY_DEFAULT
#endif
#endif

#define LOSSOPS_DEFINE(space, op, Expression, ...)                                                        \
  TORCH_LIBRARY_FRAGMENT(space, library) {                                                                \
    using namespace lossops; /* for the traits */                                                         \
    define_loss(library, describe_native<::Expression>(#space, #op, TraitsOf<::Expression>{__VA_ARGS__}), \
                LOSSOPS_VERSION);                                                                         \
    auto on_product =                                                                                     \
        describe_on_product<::Expression>(#space, "linear_" #op, TraitsOf<::Expression>{__VA_ARGS__});    \
    if (on_product) define_loss(library, std::move(on_product), LOSSOPS_VERSION);                         \
  }
#define LOSSOPS_REGISTERS_HERE

#endif

#include <lossops/version.h>

// The internals: installed beside this file, or where the source tree has them.
// clang-format off
#define LOSSOPS_QUOTED(path) #path
#if __has_include("detail/families/describe.h")
#define LOSSOPS_INTERNAL(path) LOSSOPS_QUOTED(detail/path)
#else
#define LOSSOPS_INTERNAL(path) LOSSOPS_QUOTED(../../path)
#endif
#ifdef LOSSOPS_CUDA_KERNELS_HERE
#include LOSSOPS_INTERNAL(families/elementwise/cuda_kernel.h)
#include LOSSOPS_INTERNAL(families/class_axis/cuda_kernel.h)
#include LOSSOPS_INTERNAL(families/vectors/cuda_kernel.h)
#include LOSSOPS_INTERNAL(families/regions/cuda_finish.h)
#endif
#ifdef LOSSOPS_KERNELS_HERE
#include LOSSOPS_INTERNAL(families/cpu_kernels.h)
#endif
#ifdef LOSSOPS_REGISTERS_HERE
#include <torch/library.h>
#include LOSSOPS_INTERNAL(families/describe.h)
#endif
#include LOSSOPS_INTERNAL(math/special.h)
// clang-format on
