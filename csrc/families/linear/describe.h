// Describes the loss on a product beside that on logits.
#pragma once

#include "../describe.h"
#include "call.h"

namespace lossops::linear {

/// The loss of this name on a product, with the kernels that this build has of that on logits; null where the
/// expression does not read rows of logits.
template <class E>
std::unique_ptr<Loss> describe_native(const char* space, const char* name, TraitsOf<E> traits,
                                      const Exceptions& exceptions = {}) {
  if constexpr (kIsOnLogits<E>) {
    auto on_logits = lossops::describe_native<E>(space, name, std::move(traits));
    on_logits->exceptions = exceptions;
    return std::make_unique<LinearLoss>(std::move(on_logits));
  } else {
    return nullptr;
  }
}

}  // namespace lossops::linear
