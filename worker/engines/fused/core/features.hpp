/**
 * Fourier features of the collocation times: sin and cos of 2 pi f e^c (t - centre), and their time derivatives, as the rows that the
 * first layer multiplies. Computed at open, and again at every `load` when the scale c is trainable. Always computed in double: a phase of
 * 50 rounded to float would already be wrong by 2e-6.
 *
 * Rows of 2 F numbers, F sines then F cosines, (value, time derivative) interleaved.
 * Order::grid: rows 2 i and 2 i + 1 belong to point i.
 * Order::mirrored: to the pair of slots 2 i and 2 i + 1, that is of points i and M - 1 - i, which lie at -t and t about the centre: their
 * sines differ in sign and so do their cosines' rates. Only the first point's rows are kept; with S = sines Ws and C = cosines Wc the two
 * points' products are C + S and C - S, their rates dS + dC and dS - dC: half the arithmetic of the first layer, forward and reverse.
 */
#pragma once

#include "arena.hpp"
#include "elementary.hpp"

namespace loligo::inline LOLIGO_ISA {

enum class Order { grid, mirrored };

/** Whether the times lie symmetric about their centre, up to rounding: 1e-9 of the window. */
inline bool symmetric(const double* times, int points) {
  const double sum = times[0] + times[points - 1];
  const double tolerance = 1e-9 * (times[points - 1] - times[0]);
  for (int i = 0; 2 * i < points; i++)
    if (!(__builtin_fabs(times[i] + times[points - 1 - i] - sum) <= tolerance)) return false;
  return true;
}

template <typename T> class Features {
public:
  /** False: out of memory. `trainable`: slopes by c are kept beside the rows. */
  bool open(Arena& arena, const double* times, int points, const double* frequencies, int count, Order order, bool trainable) {
    count_ = count;
    order_ = order;
    half_ = order == Order::mirrored ? (points + 1) / 2 : points;
    time_ = arena.take<double>(half_);
    omega_ = arena.take<double>(count + LANES<double>);
    scaled_ = arena.take<double>(count + LANES<double>);
    // an even number of points, and room for a vector beyond the last row
    const int64_t size = int64_t(2) * (half_ + 1) * stride() + LANES<T>;
    rows_ = arena.take<T>(size);
    slopes_ = trainable ? arena.take<T>(size) : nullptr;
    if (arena.exhausted()) return false;
    const double centre = (times[0] + times[points - 1]) / 2;
    for (int i = 0; i < half_; i++) time_[i] = times[i] - centre;
    for (int k = 0; k < count; k++) omega_[k] = 6.28318530717958647693 * frequencies[k];
    compute(1);
    return true;
  }

  /** Rows for frequencies times `scale` = e^c. */
  void compute(double scale) {
    for (int k = 0; k < count_; k++) scaled_[k] = scale * omega_[k];
    for (int i = 0; i < half_; i++)
      for (int k = 0; k < count_; k += LANES<double>) computeLanes(i, k);
  }

  ptrdiff_t stride() const { return 2 * count_; }
  int count() const { return count_; }
  bool mirrored() const { return order_ == Order::mirrored; }
  /** First row of a slot; of an even slot with Order::mirrored. */
  const T* rows(int slot) const { return rows_ + first(slot); }
  /** d row / d c, laid out as the rows. */
  const T* slopes(int slot) const { return slopes_ + first(slot); }

private:
  ptrdiff_t first(int slot) const { return ptrdiff_t(mirrored() ? slot : 2 * slot) * stride(); }

  void computeLanes(int i, int k) {
    const Vector<double> omega = load<double>(scaled_ + k);
    const Vector<double> phase = omega * time_[i];
    const SineCosine<double> at = sineCosine<double>(phase);
    T* row = rows_ + int64_t(2) * i * stride() + k;
    write(row, k, at.sin, at.cos, omega * at.cos, -omega * at.sin);
    if (slopes_ == nullptr) return;
    // d/dc of sin, cos, omega cos, -omega sin, as d omega / dc = omega and d phase / dc = phase
    write(slopes_ + (row - rows_), k, phase * at.cos, -phase * at.sin, omega * (at.cos - phase * at.sin),
          -omega * (at.sin + phase * at.cos));
  }

  void write(T* row, int k, Vector<double> sine, Vector<double> cosine, Vector<double> dSine, Vector<double> dCosine) {
    for (int lane = 0; lane < LANES<double> && k + lane < count_; lane++) {
      row[lane] = T(sine[lane]);
      row[count_ + lane] = T(cosine[lane]);
      row[stride() + lane] = T(dSine[lane]);
      row[stride() + count_ + lane] = T(dCosine[lane]);
    }
  }

  int count_ = 0;
  int half_ = 0;
  Order order_ = Order::grid;
  double* time_ = nullptr;  // from the centre, ms
  double* omega_ = nullptr; // 2 pi f
  double* scaled_ = nullptr;
  T* rows_ = nullptr;
  T* slopes_ = nullptr;
};

} // namespace loligo::inline LOLIGO_ISA
