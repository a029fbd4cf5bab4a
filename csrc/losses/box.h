// Boxes: how far a predicted one is from the true one.
#pragma once

#include "../math/boxes.h"

namespace lossops::losses {

/// Yu et al. (MM 2016): 1 - IoU, its negative logarithm, or 1 - IoU^2.
struct IoU : BoxLoss<IoU> {
  int64_t format = 0, mode = 0;
  static constexpr std::array parameters{box_format(&IoU::format), param("mode", &IoU::mode).between(0, 2)};
  template <class Across, class Down>
  LOSSOPS_INLINE auto cost(const Across& across, const Down& down) const {
    const auto a = areas(across, down);
    const auto distance = a.distance();
    if (Mode{mode} == Mode::Linear) return distance;
    if (Mode{mode} == Mode::Square) return distance * (2.0 - distance);
    const auto d = value_of(distance);
    using C = std::remove_const_t<decltype(d)>;
    // An IoU of 0 does not change with the boxes, though it costs inf.
    const auto apart = (value_of(a.both) == 0) & (d > C(0));
    return log1p(quotient(a.either, a.both)) + C(select(apart, C(kInfinity), C(0)));
  }
};

/// Rezatofighi et al. (CVPR 2019): and what part of the hull is in neither.
struct GIoU : BoxLoss<GIoU> {
  int64_t format = 0;
  static constexpr std::array parameters{box_format(&GIoU::format)};
  template <class Across, class Down>
  LOSSOPS_INLINE auto cost(const Across& across, const Down& down) const {
    const auto a = areas(across, down);
    return a.distance() + a.neither();
  }
};

/// Zheng et al. (AAAI 2020): and how far the centres are apart.
struct DIoU : BoxLoss<DIoU> {
  int64_t format = 0;
  static constexpr std::array parameters{box_format(&DIoU::format)};
  template <class Across, class Down>
  LOSSOPS_INLINE auto cost(const Across& across, const Down& down) const {
    return areas(across, down).distance() + center_distance(across, down);
  }
};

/// Zheng et al. (2020): and how much the shapes differ, which counts more the better the boxes cover each
/// other.
struct CIoU : BoxLoss<CIoU> {
  int64_t format = 0;
  static constexpr std::array parameters{box_format(&CIoU::format)};
  template <class Across, class Down>
  LOSSOPS_INLINE auto cost(const Across& across, const Down& down) const {
    const auto distance = areas(across, down).distance();
    const auto v = angle_distance(across, down);
    const auto alpha = quotient(detach(v), detach(distance) + detach(v));
    return distance + center_distance(across, down) + alpha * v;
  }
};

/// Zhang et al. (2021): and how far centres, widths and heights are apart.
struct EIoU : BoxLoss<EIoU> {
  int64_t format = 0;
  double gamma = 0;
  static constexpr std::array parameters{box_format(&EIoU::format), param("gamma", &EIoU::gamma).at_least(0)};
  template <class Across, class Down>
  LOSSOPS_INLINE auto cost(const Across& across, const Down& down) const {
    const auto a = areas(across, down);
    const auto cost = a.distance() + center_distance(across, down) +
                      square(quotient(across.x - across.t, across.hull)) +
                      square(quotient(down.x - down.t, down.hull));
    return power(detach(a.iou()), gamma) * cost;
  }
};

}  // namespace lossops::losses
