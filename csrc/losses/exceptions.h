// Where torch has the loss, which mistakes it answers by which exception: see core/exceptions.h.
#pragma once

#include <map>
#include <string>

#include "../core/exceptions.h"

namespace lossops::losses {

inline Exceptions torch_exceptions(const std::string& op) {
  using enum ExceptionType;
  static const std::map<std::string, Exceptions> table = {
      {"mse", {{"weight", kValueError}}},
      {"l1", {{"weight", kValueError}}},
      {"huber", {{"weight", kValueError}}},
      {"gaussian_nll", {{"var", kValueError}, {"domain", kValueError}}},
      {"bce", {{"target", kValueError}}},
      {"bce_with_logits", {{"target", kValueError}}},
      {"multilabel_soft_margin", {{"input", kIndexError}}},
      {"multi_margin",
       {{"p", kValueError}, {"weight", kValueError}, {"batch", kRuntimeError}, {"label", kRuntimeError}}},
      {"multilabel_margin", {{"label", kRuntimeError}}},
      {"nll", {{"input", kValueError}}},
      {"rnnt", {{"empty", kValueError}}},
      {"triplet_margin", {{"margin", kValueError}}},
  };
  const auto found = table.find(op);
  return found == table.end() ? Exceptions() : found->second;
}

}  // namespace lossops::losses
