/**
 * One gate integrated along a given voltage, with tangent and adjoint: reference/gate-integration.ts, where the rule stands, over vectors
 * of steps. Only the recurrence itself, x[j+1] = x[j] + gain[j] (mean[j] - x[j]), runs step by step, and always in double.
 *
 * M points, M - 1 steps, each of its own length. Arrays are padded by a vector; there steps have length 0 and rates repeat, so that every
 * lane stays finite. Likewise the steps that lead to a segment's first point: what they gave is overwritten there, x starting anew.
 */
#pragma once

#include "arena.hpp"
#include "elementary.hpp"

namespace loligo::inline LOLIGO_ISA {

/** Numbers that an array over `points` takes: whole vectors, and one more for reads that are shifted by a point. */
template <typename T> constexpr int64_t paddedArray(int points) { return padded<T>(points) + LANES<T>; }

/** Values at the M grid points and in the M - 1 middles of the steps. */
template <typename T> struct AtNodes {
  T* grid = nullptr;
  T* middle = nullptr;
};

/** Sum of a[i] b[i], in double over short stretches in T; arrays padded with zeros in at least one. */
template <typename T> inline double innerProduct(const T* a, const T* b, int count) {
  constexpr int STRETCH = 8 * LANES<T>;
  double sum = 0;
  for (int from = 0; from < count; from += STRETCH) {
    Vector<T> part{};
    for (int i = from; i < smaller(from + STRETCH, count); i += LANES<T>) part += load<T>(a + i) * load<T>(b + i);
    sum += double(sumOfLanes<T>(part));
  }
  return sum;
}

template <typename T> class GateRecurrence {
  /** As gate-integration.ts has it; in float e^89 overflows. */
  static constexpr T STEEPEST = T(isFloat<T> ? 60 : 600);

public:
  /** `stepMs` [paddedArray(points)], 0 from M - 1 on. */
  bool open(Arena& arena, int points, const T* stepMs) {
    points_ = points;
    step_ = stepMs;
    x = arena.take<T>(paddedArray<T>(points));
    T** arrays[] = {&decay, &gain_, &mean_, &half_, &infSlope[0], &infSlope[1], &infSlope[2], &rateSlope[0], &rateSlope[1], &rateSlope[2]};
    for (T** array : arrays) *array = arena.take<T>(paddedArray<T>(points));
    return !arena.exhausted();
  }

  /** From initial(segment) at each of the points `starts`, along inf and rate at the nodes. */
  template <typename Initial>
  void integrate(Initial initial, const int32_t* starts, int32_t segments, const AtNodes<T>& inf, const AtNodes<T>& rate) {
    for (int j = 0; j < points_ - 1; j += LANES<T>) {
      const Vector<T> h = load<T>(step_ + j);
      const Vector<T> r0 = load<T>(rate.grid + j), r1 = load<T>(rate.middle + j), r2 = load<T>(rate.grid + j + 1);
      const Vector<T> A = h * (r0 + T(4) * r1 + r2) * T(1.0 / 6);
      const Vector<T> B = h * (T(8) * r1 + T(5) * r2 - r0) * T(1.0 / 24);
      const Halves<T> whole = halves<T>(-A);
      const Vector<T> e = whole.exp * T(2);
      const Vector<T> half = exp<T>(notAbove<T>(-B, STEEPEST));
      const Vector<T> w0 = r0 * e, w1 = T(4) * r1 * half;
      const Vector<T> f0 = load<T>(inf.grid + j), f1 = load<T>(inf.middle + j), f2 = load<T>(inf.grid + j + 1);
      store<T>(decay + j, e);
      store<T>(half_ + j, half);
      store<T>(gain_ + j, whole.near ? A * whole.expRel : whole.expMinus1 * T(-2));
      store<T>(mean_ + j, (w0 * f0 + w1 * f1 + r2 * f2) / (w0 + w1 + r2));
    }
    for (int32_t s = 1; s < segments; s++) {
      decay[starts[s] - 1] = 0;
      gain_[starts[s] - 1] = 1;
      mean_[starts[s] - 1] = T(initial(s));
    }
    double value = initial(0);
    x[0] = T(value);
    for (int j = 0; j + 1 < points_; j++) {
      const double gain = double(gain_[j]);
      value = value * (1 - gain) + gain * double(mean_[j]);
      x[j + 1] = T(value);
    }
  }

  /**
   * d x[j+1] / d inf and / d rate at the step's three nodes, at fixed x[j], at the state last integrated. `steady`: x starts at inf.
   */
  void linearise(const AtNodes<T>& inf, const AtNodes<T>& rate, const int32_t* starts, int32_t segments, bool steady) {
    for (int j = 0; j < points_ - 1; j += LANES<T>) {
      const Vector<T> h = load<T>(step_ + j);
      const Vector<T> r0 = load<T>(rate.grid + j), r1 = load<T>(rate.middle + j), r2 = load<T>(rate.grid + j + 1);
      const Vector<T> e = load<T>(decay + j), half = load<T>(half_ + j), mean = load<T>(mean_ + j);
      const Vector<T> w0 = r0 * e, w1 = T(4) * r1 * half;
      const Vector<T> gain = load<T>(gain_ + j) / (w0 + w1 + r2);
      const Vector<T> d0 = gain * (load<T>(inf.grid + j) - mean), d1 = gain * (load<T>(inf.middle + j) - mean),
                      d2 = gain * (load<T>(inf.grid + j + 1) - mean);
      store<T>(infSlope[0] + j, gain * w0);
      store<T>(infSlope[1] + j, gain * w1);
      store<T>(infSlope[2] + j, gain * r2);
      // through e^-A (in the step and in w0), through e^-B (in w1), and through the weights themselves
      const Vector<T> byA = h * ((mean - load<T>(x + j)) * e - d0 * w0) * T(1.0 / 6);
      const Vector<T> byB = h * (d1 * w1) * T(-1.0 / 24);
      store<T>(rateSlope[0] + j, byA - byB + d0 * e);
      store<T>(rateSlope[1] + j, T(4) * byA + T(8) * byB + d1 * T(4) * half);
      store<T>(rateSlope[2] + j, byA + T(5) * byB + d2);
    }
    for (int32_t s = 1; s < segments; s++) {
      const int32_t j = starts[s] - 1;
      for (int node = 0; node < 3; node++) infSlope[node][j] = rateSlope[node][j] = 0;
      if (steady) infSlope[2][j] = 1;
    }
  }

  /** Response to a perturbation `drive[j]` of each step and `initial` of x(0): dx[j+1] = decay[j] dx[j] + drive[j]. */
  void respond(double initial, const T* drive, T* dx) const {
    double value = initial;
    dx[0] = T(value);
    for (int j = 0; j + 1 < points_; j++) {
      value = value * double(decay[j]) + double(drive[j]);
      dx[j + 1] = T(value);
    }
  }

  /** Adjoint of `respond`: xBar [M] -> driveBar [M - 1]; returns the adjoint of x(0). */
  double adjoint(const T* xBar, T* driveBar) const {
    double lambda = 0;
    for (int j = points_ - 2; j >= 0; j--) {
      lambda = double(xBar[j + 1]) + lambda;
      driveBar[j] = T(lambda);
      lambda *= 1 - double(gain_[j]);
    }
    return double(xBar[0]) + lambda;
  }

  T* x = nullptr;      // [M]
  T* decay = nullptr;  // e^-A [M - 1]
  T* infSlope[3] = {}; // [M - 1] each, after `linearise`
  T* rateSlope[3] = {};

private:
  int points_ = 0;
  const T* step_ = nullptr;
  T *gain_ = nullptr, *mean_ = nullptr, *half_ = nullptr; // 1 - e^-A, mean, e^-B
};

} // namespace loligo::inline LOLIGO_ISA
