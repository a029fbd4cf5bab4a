#include "core/exceptions.h"

#include <c10/util/Exception.h>

namespace lossops {

ExceptionType Exceptions::of(const std::string& mistake) const {
  for (const Exception& e : named_) {
    if (mistake == e.mistake) return e.type;
  }
  if (mistake == "label") return ExceptionType::kIndexError;
  return mistake == "batch" ? ExceptionType::kValueError : ExceptionType::kRuntimeError;
}

void Exceptions::raise(const std::string& mistake, const std::string& text) const {
  const ExceptionType type = of(mistake);
  TORCH_CHECK_VALUE(type != ExceptionType::kValueError, text);
  TORCH_CHECK_INDEX(type != ExceptionType::kIndexError, text);
  TORCH_CHECK(false, text);
}

}  // namespace lossops
