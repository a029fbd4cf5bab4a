#include "lossops/export.h"

namespace lossops::detail {

int keep_alive() noexcept { return 1; }

}  // namespace lossops::detail
