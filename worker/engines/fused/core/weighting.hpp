/** Multipliers of the loss terms under an adaptive weighting of Adam: the rules of weighting.ts, whose sources stand there. */
#pragma once

#include "shape.hpp"
#include "tape.hpp"

namespace loligo::inline LOLIGO_ISA {

/** Steps between two looks at the gradients of the terms. */
inline constexpr int GRADIENT_NORM_INTERVAL = 100;

inline double clippedMultiplier(double value) { return value < 1e-4 ? 1e-4 : value > 1e4 ? 1e4 : value; }

/** `largest` component of the data term's gradient, `mean` size of a physics term's. */
inline void balanceGradient(double& multiplier, double largest, double mean) {
  if (mean > 0) multiplier = clippedMultiplier(0.9 * multiplier + (1 - 0.9) * largest / mean);
}

/** The multipliers of the terms that count, in place. */
inline void growMultipliers(double* multipliers, const Terms& terms, int count) {
  const double term[] = {terms.data, terms.current, terms.gates};
  double sum = 0;
  for (int i = 0; i < count; i++) {
    multipliers[i] = clippedMultiplier(multipliers[i] * scalarUnary(Opcode::exp, 0.01 * term[i] / (1 + term[i])));
    sum += multipliers[i];
  }
  for (int i = 0; i < count; i++) multipliers[i] *= count / sum;
}

} // namespace loligo::inline LOLIGO_ISA
