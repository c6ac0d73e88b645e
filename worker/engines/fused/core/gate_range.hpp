/**
 * From a share of a gate's range, 0 to 1, to the gate (gate-range.ts), over vectors. A gate in the narrow sense is its share.
 */
#pragma once

#include "elementary.hpp"
#include "head.hpp"

namespace loligo::inline LOLIGO_ISA {

template <typename T> class ShareOfRange {
public:
  explicit ShareOfRange(const GateRange& range) : positive_(range.positive), low_(T(range.low)), width_(T(range.high - range.low)) {
    if (!positive_) return;
    const double low = log<double>(broadcast<double>(range.low))[0];
    low_ = T(low);
    width_ = T(log<double>(broadcast<double>(range.high))[0] - low);
  }

  Vector<T> value(Vector<T> share) const {
    const Vector<T> along = low_ + width_ * share;
    return positive_ ? exp<T>(along) : along;
  }
  /** d value / d share where the value is this, and d^2 value / d share^2 */
  Vector<T> slope(Vector<T> value) const { return positive_ ? value * width_ : broadcast<T>(width_); }
  Vector<T> curvature(Vector<T> value) const { return positive_ ? value * (width_ * width_) : Vector<T>{}; }

private:
  bool positive_;
  T low_, width_; // of x, or of log x
};

/** A state by a network's output o, and its slope; its rate where the output's is dO, and the slope of that by o. */
template <typename T> struct StateOfOutput {
  Vector<T> state, slope, rate, rateSlope;
};

/** share = (1 + tanh o) / 2 */
template <typename T> inline StateOfOutput<T> stateOfOutput(const GateRange& range, Vector<T> o, Vector<T> dO) {
  const Vector<T> t = tanh<T>(o);
  const Vector<T> ofShare = T(0.5) - T(0.5) * t * t;
  if (range.plain()) {
    // each in its own order of products: replicas keep the bits that they had before there were ranges
    const Vector<T> rate = ofShare * dO;
    return {T(0.5) * t + T(0.5), ofShare, rate, sizeof(T) == sizeof(float) ? T(-2) * t * rate : T(-2) * t * ofShare * dO};
  }
  const ShareOfRange<T> of(range);
  const Vector<T> x = of.value(T(0.5) * t + T(0.5)), byShare = of.slope(x);
  const Vector<T> slope = byShare * ofShare;
  return {x, slope, slope * dO, (of.curvature(x) * ofShare * ofShare - T(2) * t * slope) * dO};
}

} // namespace loligo::inline LOLIGO_ISA
