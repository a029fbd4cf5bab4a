#pragma once

#include <cstdint>

namespace lossops {

// The numbers are those that the operators take.

/// What makes probabilities of what a loss is given.
enum class Activation : int64_t {
  None = 0,     ///< they are that already
  Sigmoid = 1,  ///< of each class by itself
  Softmax = 2,  ///< over the classes
};

/// What a class costs that the target lacks.
enum class Absent : int64_t {
  Smooth = 0,  ///< what the formula says
  Skip = 1,    ///< nothing, and it does not count in the mean
};

/// What a class of T pixels in the target counts beside others.
enum class ClassWeighting : int64_t {
  Square = 0,   ///< 1 / T^2
  Simple = 1,   ///< 1 / T
  Uniform = 2,  ///< 1
};

/// What DPO makes of the log-ratios of two answers; the formulas stand with `dpo`.
enum class LossType : int64_t {
  Sigmoid = 0,
  Hinge = 1,
  Ipo = 2,
  Robust = 3,
  ExoPair = 4,
  NcaPair = 5,
  BcoPair = 6,
  SppoHard = 7,
  ApoZero = 8,
  ApoDown = 9,
  Discopop = 10,
  SigmoidNorm = 11,  ///< Sigmoid, of means over tokens
};

/// How four numbers tell a box.
enum class Format : int64_t {
  Xyxy = 0,    ///< two corners, that of both smallest numbers first
  Xywh = 1,    ///< that corner, width and height
  Cxcywh = 2,  ///< the centre, width and height
};

/// What becomes of the IoU of two boxes.
enum class Mode : int64_t {
  Linear = 0,  ///< 1 - IoU
  Log = 1,     ///< -ln(IoU)
  Square = 2,  ///< 1 - IoU^2
};

}  // namespace lossops
