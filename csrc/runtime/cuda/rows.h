// How rows lie in memory, and how they are shared out among threads.
#pragma once

#include <algorithm>

#include "kernels.h"

namespace lossops::cuda {

/// A tensor as rows of classes: (row, class) at data[rows(row) + class * class_stride]. No data: not there.
template <class P>
struct Plane {
  P* data = nullptr;
  Offsets rows;
  int64_t class_stride = 1;
};

/// How rows are shared out among threads.
struct RowGrid {
  int threads, team, kept;
  unsigned shared_bytes;
  int64_t blocks;
};

/// `vector` is how many classes of a row are read at a time; `rereads`: rows are read twice and more;
/// `sides` are rows of a loss; a block has up to most_threads, and shared_limit bytes.
inline RowGrid row_grid(int64_t rows, int64_t classes, bool alone, int vector, int sides, bool rereads,
                        int most_threads, int shared_limit) {
  constexpr int kThreads = 256, kWarpSize = 32;
  /// A row of more is a block's, and so is one of more than the latter if there are few.
  constexpr int64_t kWarpClasses = 2048, kShortClasses = 512, kFewRows = 2048;
  constexpr int64_t kShortRow = 8192, kLongRow = 65536;
  constexpr int kClassesEach = 4;  ///< of short rows, about

  RowGrid grid{kThreads, 1, 0, 0, 0};
  if (!alone && (classes > kWarpClasses || (classes > kShortClasses && rows < kFewRows))) {
    const int wanted = classes <= kShortRow ? kThreads : classes <= kLongRow ? 2 * kThreads : 4 * kThreads;
    grid.threads = grid.team = std::min(wanted, most_threads);
  } else if (!alone) {
    while (grid.team < kWarpSize && grid.team * kClassesEach < classes) grid.team *= 2;
  }
  grid.blocks = std::min((rows * grid.team + grid.threads - 1) / grid.threads, kMaxBlocks);
  if (grid.team <= kWarpSize || !rereads) return grid;

  // Whole rows if two blocks have room for theirs, else as much as one block can keep.
  constexpr int64_t kVectorBytes = 16;
  const int64_t each = kVectorBytes * sides * grid.threads;
  const int64_t whole = (classes / vector + grid.threads - 1) / grid.threads;
  if (whole * each > shared_limit / 2) grid.threads = grid.team = most_threads;
  const int64_t share = kVectorBytes * sides * grid.threads;
  grid.kept =
      static_cast<int>(std::min((classes / vector + grid.threads - 1) / grid.threads, shared_limit / share));
  grid.shared_bytes = static_cast<unsigned>(grid.kept * share);
  return grid;
}

}  // namespace lossops::cuda
