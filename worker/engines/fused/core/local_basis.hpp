/**
 * Few functions that give every sine and cosine of the features on a short stretch of time.
 *
 * At time c + tau, c being the middle of a stretch |tau| <= reach, a feature's phase turns by w c:
 *   s sin(w (c + tau)) + k cos(w (c + tau)) = S' sin(w tau) + C' cos(w tau),  S' = s cos(w c) - k sin(w c),  C' = s sin(w c) + k cos(w c)
 * so that stretches differ in S' and C' alone. The sines are odd in tau (their rates even), the cosines even (their rates odd), and on a
 * stretch of a cycle or two F of either are, to rounding, combinations of few functions (about w reach / pi + 5: Landau, Pollak 1962): with
 * the columns M = [sin(w tau); w cos(w tau) / rms(w)], values over rates and tau over half of the stretch, and M = Q R of small rank r,
 * sin(w tau) = q(tau) R and its rate q'(tau) R for every w at once; likewise the cosines. F products become r and those of R with S' and
 * C', once for all points of a stretch. Nothing is assumed of the frequencies: the rank is found.
 *
 * Where that is no gain the functions are the sines and cosines themselves, R the identity.
 *
 * R is cut where what is left of every column is half a rounding of float. Ranks (odd + even) of 32 harmonics up to 0.5 cycles per ms, on
 * 32, 64, 128 points: 7 + 7, 9 + 10, 13 + 14 at 512 points in 50 ms, 5 + 6, 7 + 7, 9 + 10 at 1,024. Errors of values, rates and the
 * weights' gradient are those of float products with the features themselves (1.5e-7 of their RMS).
 */
#pragma once

#include "elementary.hpp"
#include "pivoted_qr.hpp"

namespace loligo::inline LOLIGO_ISA {

/** Of functions of tau: sines, and cosines. */
constexpr int ODD = 0, EVEN = 1, PARITIES = 2;

/** Half the rounding unit of float. */
constexpr double BASIS_TOLERANCE = 1.0 / (1 << 25);

/** sin(w tau), cos(w tau) and their rates for all w, or their derivatives by log(w), [count] each and room for a vector more. */
struct Harmonics {
  double* value[PARITIES];
  double* rate[PARITIES];

  bool open(Arena& arena, int count) {
    for (int parity = 0; parity < PARITIES; parity++) {
      value[parity] = arena.take<double>(count + LANES<double>);
      rate[parity] = arena.take<double>(count + LANES<double>);
    }
    return !arena.exhausted();
  }

  void fill(const double* omega, int count, double tau) const {
    for (int k = 0; k < count; k += LANES<double>) {
      const Vector<double> w = load<double>(omega + k);
      const SineCosine<double> at = sineCosine<double>(w * tau);
      put(k, at.sin, at.cos, w * at.cos, -w * at.sin);
    }
  }

  void fillSlopes(const double* omega, int count, double tau) const {
    for (int k = 0; k < count; k += LANES<double>) {
      const Vector<double> w = load<double>(omega + k), phase = w * tau;
      const SineCosine<double> at = sineCosine<double>(phase);
      put(k, phase * at.cos, -phase * at.sin, w * (at.cos - phase * at.sin), -w * (at.sin + phase * at.cos));
    }
  }

private:
  void put(int k, Vector<double> sine, Vector<double> cosine, Vector<double> dSine, Vector<double> dCosine) const {
    store<double>(value[ODD] + k, sine);
    store<double>(value[EVEN] + k, cosine);
    store<double>(rate[ODD] + k, dSine);
    store<double>(rate[EVEN] + k, dCosine);
  }
};

template <typename T> class LocalBasis {
public:
  /** The sines and cosines themselves. False: out of memory. */
  bool openFull(Arena& arena, int count) {
    count_ = count;
    coordinates_ = arena.take<double>(count);
    return !arena.exhausted();
  }

  /**
   * Of `count` frequencies on |tau| <= reach, from `samples` times evenly in its positive half; of at most `limit` functions of both
   * parities, or the sines and cosines themselves. False: out of memory.
   */
  bool open(Arena& arena, const double* omega, int count, double reach, int samples, int limit) {
    if (!openFull(arena, count)) return false;
    Harmonics at;
    if (!at.open(arena, count)) return false;
    bool reduced = true;
    for (int parity = 0; parity < PARITIES; parity++) {
      if (!factor_[parity].open(arena, 2 * samples, count)) return false;
      sample(factor_[parity], parity, at, omega, reach, samples);
      reduced = reduced && factor_[parity].factorise(BASIS_TOLERANCE, limit - (parity == EVEN ? factor_[ODD].rank() : 0));
    }
    for (int parity = 0; parity < PARITIES && reduced; parity++) {
      const int64_t size = int64_t(factor_[parity].rank()) * count;
      T* matrix = arena.take<T>(size);
      if (matrix == nullptr) return false;
      for (int64_t i = 0; i < size; i++) matrix[i] = T(factor_[parity].triangle()[i]);
      matrix_[parity] = matrix;
    }
    return true;
  }

  /** Whether there are fewer functions than sines and cosines. */
  bool reduced() const { return matrix_[ODD] != nullptr; }
  int rank(int parity) const { return reduced() ? factor_[parity].rank() : count_; }
  /** R [rank][count]; null: the identity. */
  const T* matrix(int parity) const { return matrix_[parity]; }

  /** The functions' values at a tau, or rates, from all sines' or cosines' there. */
  void write(int parity, const double* harmonics, T* to) const {
    if (reduced()) factor_[parity].coordinates(harmonics, coordinates_);
    const double* from = reduced() ? coordinates_ : harmonics;
    for (int k = 0; k < rank(parity); k++) to[k] = T(from[k]);
  }

private:
  void sample(PivotedQr& factor, int parity, const Harmonics& at, const double* omega, double reach, int samples) const {
    double square = 0;
    for (int k = 0; k < count_; k++) square += omega[k] * omega[k];
    const double scale = square > 0 ? 1 / __builtin_sqrt(square / count_) : 0;
    for (int i = 0; i < samples; i++) {
      at.fill(omega, count_, reach * (i + 0.5) / (samples - 0.5));
      for (int k = 0; k < count_; k++) {
        factor.column(k)[2 * i] = at.value[parity][k];
        factor.column(k)[2 * i + 1] = scale * at.rate[parity][k];
      }
    }
  }

  int count_ = 0;
  PivotedQr factor_[PARITIES];
  const T* matrix_[PARITIES] = {};
  double* coordinates_ = nullptr;
};

} // namespace loligo::inline LOLIGO_ISA
