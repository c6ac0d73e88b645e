/**
 * What is known of parameters before the data, as residuals (prior.ts): (g(value) - centre) / sd, g being the identity or the logarithm.
 */
#pragma once

#include "parameters.hpp"

namespace loligo::inline LOLIGO_ISA {

inline double priorResidual(const Prior& prior, double value) {
  return ((prior.logarithmic ? scalarUnary(Opcode::log, value) : value) - prior.centre) / prior.sd;
}

/** d residual / d value */
inline double priorSlope(const Prior& prior, double value) { return 1 / (prior.logarithmic ? prior.sd * value : prior.sd); }

/** Curvature of half the squared residual by slope^2, as prior.ts has it. */
inline double priorBend(const Prior& prior, double value) {
  if (!prior.logarithmic) return 1;
  const double bend = 1 + prior.centre - scalarUnary(Opcode::log, value);
  return bend > 0 ? bend : 0;
}

/** Residuals [Q] and their slopes by theta, at one theta. */
class Priors {
public:
  bool open(Arena& arena, const HeadShape& shape, const Recording& recording) {
    count_ = shape.priors;
    recording_ = &recording;
    residual_ = arena.take<double>(count_);
    slope_ = arena.take<double>(count_);
    return !arena.exhausted();
  }

  void set(const Parameters& parameters) {
    for (int32_t r = 0; r < count_; r++) {
      const Prior& prior = recording_->priors[r];
      const double value = parameters.values()[prior.parameter];
      residual_[r] = priorResidual(prior, value);
      slope_[r] = priorSlope(prior, value) * parameters.slopes()[prior.parameter];
    }
  }

  int32_t count() const { return count_; }
  int32_t parameter(int32_t r) const { return recording_->priors[r].parameter; }
  double residual(int32_t r) const { return residual_[r]; }
  /** d residual / d theta of the prior's parameter */
  double slope(int32_t r) const { return slope_[r]; }

  /** Gradient of factor * (their term of the loss), added to theta's tail. */
  void addGradient(double factor, double* tail) const {
    for (int32_t r = 0; r < count_; r++) tail[parameter(r)] += 2 * factor * recording_->priorWeight * residual_[r] * slope_[r];
  }

private:
  int32_t count_ = 0;
  const Recording* recording_ = nullptr;
  double *residual_ = nullptr, *slope_ = nullptr;
};

} // namespace loligo::inline LOLIGO_ISA
