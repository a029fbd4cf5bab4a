#pragma once

#include <cstdint>

namespace lossops {

/// What becomes of the losses of the elements or rows; the numbers are those that the operators take.
enum class Reduction : int64_t {
  None = 0,       ///< they are the result
  Mean = 1,       ///< their sum over their number, or over the weights where a loss says so
  Sum = 2,        ///< their sum
  BatchMean = 3,  ///< their sum over input.size(0); for losses element by element
};

}  // namespace lossops
