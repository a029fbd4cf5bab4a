// The kernels of losses over the class axis, and which of them a call is for.
#pragma once

#include "cuda_label_list.h"
#include "cuda_loop.h"

namespace lossops::cuda {

/// Whether a call of the expression may be of this kind.
template <class E>
constexpr bool has_work(Work work) {
  if (!kReadsRow<E>) return work == Work::kLabel;
  if (work == Work::kDense) return true;
  return sides<E>() == 1 && !HasOtherClasses<E> && !OrdersClasses<E> && !TakesGiven<E> && !kTakesPoint<E> &&
         (work == Work::kLabel || MapsLogits<E> || kIsNll<E>);
}

/// Threads that a block of this kernel may have, which bounds its registers.
template <class S, Work work>
constexpr int kMostThreads = (work == Work::kLabel ? 1024 : 512) / (std::is_same_v<S, double> ? 2 : 1);

template <class E, class S, Work work>
__global__ __launch_bounds__((kMostThreads<S, work>),
                             1) void row_kernel(const __grid_constant__ RowArgs<S> args) {
  RowLoop<E, S, work>(args).run();
}

template <class E, class S>
__global__ __launch_bounds__((kMostThreads<S, Work::kDense>),
                             1) void label_list_kernel(const __grid_constant__ RowArgs<S> args) {
  LabelListLoop<E, S>(args).run();
}

template <class E, class S, class K>
int64_t launch_rows(K kernel, RowArgs<S> args, bool rereads, int most_threads) {
  const bool alone = !args.is_label && (args.adjacent_rows || !kReadsRow<E>);
  args.vector = !alone && args.x[0].class_stride == 1;
  for (int side = 0; side < sides<E>(); ++side) {
    args.vector = args.vector && args.x[side].class_stride == 1;
    if (args.grad[side].data) args.vector = args.vector && args.grad[side].class_stride == 1;
  }
  constexpr int kVector = 16 / sizeof(S);
  const RowGrid grid = row_grid(args.rows, args.classes, alone, kVector, sides<E>(), rereads && args.vector,
                                most_threads, shared_limit());
  args.team = grid.team;
  args.kept = grid.kept;
  args.vector = args.vector && grid.team >= static_cast<int>(kWarp);
  if (grid.blocks > 0) launch(kernel, grid.blocks, grid.threads, grid.shared_bytes, args);
  return grid.blocks;
}

template <ClassAxisExpression E, class S>
int64_t RowKernelsOf<E, S>::run(const RowArgs<S>& args) {
  if constexpr (HasOtherClasses<E> && shift_of<E>() == Shift::kTarget) {
    if (args.is_label) {
      return launch_rows<E>(label_list_kernel<E, S>, args, false, kMostThreads<S, Work::kDense>);
    }
  }
  // A softmax is swept before anything else is known of it; the rest once, and once more if it has a
  // gradient.
  const bool gradient = args.grad[0].data || args.grad[1].data || args.probability_grad.data;
  const Work work = work_of(make_expression<E>(args.params), args.smoothing, args.probability.data);
  const bool rereads = gradient || (kIsSoftmax<E> && (work == Work::kDense || args.smoothing > 0));
  int64_t blocks = 0;
  const auto run = [&]<Work kind>(std::integral_constant<Work, kind>) {
    if constexpr (has_work<E>(kind)) {
      if (work == kind) blocks = launch_rows<E>(row_kernel<E, S, kind>, args, rereads, kMostThreads<S, kind>);
    }
  };
  run(std::integral_constant<Work, Work::kLabel>());
  run(std::integral_constant<Work, Work::kAdjustedLabel>());
  run(std::integral_constant<Work, Work::kDense>());
  return blocks;
}

}  // namespace lossops::cuda
