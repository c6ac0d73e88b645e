/**
 * Fourier features of the collocation times point by point: sin and cos of 2 pi f e^c (t - centre), and their time derivatives, as the rows
 * that the first layers of Network<double> multiply. Computed at open, and again at every `load` when the scale c is trainable. Always
 * computed in double: a phase of 50 rounded to float would already be wrong by 2e-6. Network<float> has them block by block
 * (local_features.hpp).
 *
 * Rows of 2 F numbers, F sines then F cosines, (value, time derivative) interleaved: rows 2 i and 2 i + 1 belong to point i.
 */
#pragma once

#include "affine.hpp"
#include "elementary.hpp"

namespace loligo::inline LOLIGO_ISA {

template <typename T> class Features {
public:
  /** Blocks of up to 48 points. */
  static int blocksOf(int points) { return (points + 47) / 48; }

  /** False: out of memory. `trainable`: slopes by c are kept beside the rows. `block`: most points of `accumulate`. */
  bool open(Arena& arena, const double* times, int points, const double* frequencies, int count, bool trainable, int block) {
    count_ = count;
    points_ = points;
    time_ = arena.take<double>(points);
    omega_ = arena.take<double>(count + LANES<double>);
    scaled_ = arena.take<double>(count + LANES<double>);
    // an even number of points, and room for a vector beyond the last row
    const int64_t size = int64_t(2) * (points + 1) * stride() + LANES<T>;
    rows_ = arena.take<T>(size);
    slopes_ = trainable ? arena.take<T>(size) : nullptr;
    bar_ = trainable ? arena.take<T>(int64_t(2) * block * padded<T>(2 * count)) : nullptr;
    if (arena.exhausted()) return false;
    const double centre = (times[0] + times[points - 1]) / 2;
    for (int i = 0; i < points_; i++) time_[i] = times[i] - centre;
    for (int k = 0; k < count; k++) omega_[k] = 6.28318530717958647693 * frequencies[k];
    compute(1);
    return true;
  }

  /** Rows for frequencies times `scale` = e^c. */
  void compute(double scale) {
    for (int k = 0; k < count_; k++) scaled_[k] = scale * omega_[k];
    for (int i = 0; i < points_; i++)
      for (int k = 0; k < count_; k += LANES<double>) computeLanes(i, k);
  }

  ptrdiff_t stride() const { return 2 * count_; }
  const T* rows(int slot) const { return rows_ + 2 * slot * stride(); }

  bool paired(int) const { return false; }
  int pointOf(int slot) const { return slot; }

  /** to = features W at `count` slots from `slot` on. */
  void forward(const Affine<T>& affine, int slot, const Rows<T>& to, int count) const { affine.forward(rows(slot), stride(), to, count); }

  /** Gradient += features^T bars; of the scale too. */
  void accumulate(Affine<T>& affine, int slot, const Rows<T>& bars, int count) {
    affine.accumulate(rows(slot), stride(), bars, count);
    if (slopes_ != nullptr) pullScale(affine, slot, bars, count);
  }

  void clear() { scaleBar_ = 0; }
  /** The gradient by c. */
  double scaleBar() const { return scaleBar_; }

private:
  /** scaleBar_ += adjoints of the features . d features / d c */
  void pullScale(const Affine<T>& affine, int slot, const Rows<T>& bars, int count) {
    const int columns = padded<T>(2 * count_);
    affine.pull(bars, bar_, columns, count);
    const T* slopes = slopes_ + 2 * slot * stride();
    Vector<T> sum{};
    // a row's padding is zero, and what lies beside it in `slopes` finite
    for (int row = 0; row < 2 * count; row++)
      for (int k = 0; k < columns; k += LANES<T>) sum += load<T>(bar_ + int64_t(row) * columns + k) * load<T>(slopes + row * stride() + k);
    scaleBar_ += double(sumOfLanes<T>(sum));
  }

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
  int points_ = 0;
  double* time_ = nullptr;  // from the centre, ms
  double* omega_ = nullptr; // 2 pi f
  double* scaled_ = nullptr;
  T* rows_ = nullptr;
  T* slopes_ = nullptr; // d row / d c, laid out as the rows
  T* bar_ = nullptr;    // adjoints of a block's rows, [2 block][padded 2 F]
  double scaleBar_ = 0;
};

} // namespace loligo::inline LOLIGO_ISA
