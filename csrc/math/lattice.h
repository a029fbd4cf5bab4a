// What losses of sequences are written in: sums over the paths through a lattice.
//
// A lattice has positions 0 ... U before, between and behind the U labels of a target, and at each of them
// the states of its topology. Row by row each path moves from a state to one of the same position or the
// next, by an arc that either emits no label (a blank) or the label of a position; what is emitted has a
// weight. A path begins in state 0 of position 0 and ends in state s of position U - s, whichever s.
//
// A topology says how weights of paths are summed, on any scalar type of weights, whose products and sums are
// `a * b` and `sum(a, b, ...)`. Around a position it sees, `o` positions further:
//
//   at.before<s>(o)  the sum over all ways to state s before this row
//   at.after<s>(o)   the same after it
//   at.rest<s>(o)    the sum over all ways from that state, after this row, to an end
//   at.blank(o), at.label(o)   the weights of what this row emits
//   at.jump(w, o)    w, or zero where a label equals the one before
#pragma once

#include <array>

#include "parameters.h"

namespace lossops {

/// How often the paths, weighted, emit nothing and the label at a position.
template <class W>
struct Uses {
  W blank, label;
};

template <class E>
concept LatticeExpression = requires { E::kStates; };

template <class E, class W>
using States = std::array<W, E::kStates>;

}  // namespace lossops
