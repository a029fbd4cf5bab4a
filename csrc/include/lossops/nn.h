// The losses as modules, in the manner of torch::nn:
//   lossops::nn::HuberLoss loss(lossops::nn::HuberLossOptions().delta(0.5));
//   loss(input, target).backward();
#pragma once

#include "lossops/lossops.h"
#include "lossops/nn/binary.h"
#include "lossops/nn/box.h"
#include "lossops/nn/classification.h"
#include "lossops/nn/contrastive.h"
#include "lossops/nn/count.h"
#include "lossops/nn/density.h"
#include "lossops/nn/distillation.h"
#include "lossops/nn/embedding.h"
#include "lossops/nn/likelihood.h"
#include "lossops/nn/linear.h"
#include "lossops/nn/margin.h"
#include "lossops/nn/metric.h"
#include "lossops/nn/noise.h"
#include "lossops/nn/ordinal.h"
#include "lossops/nn/preference.h"
#include "lossops/nn/region.h"
#include "lossops/nn/regression.h"
#include "lossops/nn/relative.h"
#include "lossops/nn/segmentation.h"
#include "lossops/nn/sequence.h"
#include "lossops/nn/signal.h"
