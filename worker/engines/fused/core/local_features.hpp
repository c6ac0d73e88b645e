/**
 * Fourier features block by block, as the first layers of Network<float> see them: in a block of neighbouring points all features are the
 * few functions of local_basis.hpp, and what the block's own place in time does to them is done to the weights. features.hpp has them point
 * by point.
 *
 * A layer's products with a block's features, P points, F frequencies, r_odd + r_even functions, H outputs; W's first F rows are the
 * sines', the others the cosines':
 *   turned weights    S', C' [F][H]            by the phases at the block's middle
 *   coefficients      R S' [r_odd][H], R C' [r_even][H]
 *   products          rows (q | q') times the coefficients
 * and for the gradient by W the same from right to left. It is done panel by panel of W (matrix.hpp), so that nothing is kept between.
 *
 * PAIRED BLOCKS. Where a block's points are as evenly spaced as the first two of all, its points lie at -tau and tau about its middle.
 * Slots 2 i and 2 i + 1 are the i-th such pair from the middle outwards. Only -tau has rows, and they serve every such block, a shorter
 * last one too: of the odd functions' products O and the even ones' E the two points' are E + O and E - O, of their rates dO and dE they
 * are dO + dE and dO - dE (activation.hpp). A last block of an odd number of points is paired with a point beyond the end, the phantom
 * that network.hpp has there. Other blocks (in a gap between two segments, or anywhere on an uneven grid) have rows of their own, two for
 * each point, in the grid's order, and twice the arithmetic.
 *
 * With a trainable scale e^c of the frequencies everything here follows c at each `compute`, and the functions are the sines and cosines
 * themselves.
 */
#pragma once

#include "affine.hpp"
#include "local_basis.hpp"

namespace loligo::inline LOLIGO_ISA {

template <typename T> class LocalFeatures {
public:
  /** Blocks of about 64 points, none much smaller. Zen 4, AVX-512: 32 to 128 differ by 3 % on W1 and W2, 32 being slowest. */
  static int blocksOf(int points) { return larger(1, (points + 32) / 64); }

  /** `size`: points of a block, even. False: out of memory. */
  bool open(Arena& arena, const double* times, int points, const double* frequencies, int count, bool trainable, int size) {
    count_ = count;
    points_ = points;
    size_ = size;
    trainable_ = trainable;
    omega_ = arena.take<double>(count + LANES<double>);
    scaled_ = arena.take<double>(count + LANES<double>);
    time_ = arena.take<double>(points);
    blocks_ = (points + size - 1) / size;
    block_ = arena.take<Block>(blocks_);
    if (arena.exhausted() || !harmonics_.open(arena, count)) return false;
    const double centre = (times[0] + times[points - 1]) / 2;
    for (int i = 0; i < points; i++) time_[i] = times[i] - centre;
    for (int k = 0; k < count; k++) omega_[k] = 6.28318530717958647693 * frequencies[k];
    spacing_ = points > 1 ? times[1] - times[0] : 0;
    for (int b = 0; b < blocks_; b++) placeBlock(b);
    if (!openBasis(arena) || !takeTables(arena)) return false;
    compute(1);
    return true;
  }

  /** Tables for frequencies times `scale` = e^c. */
  void compute(double scale) {
    for (int k = 0; k < count_; k++) scaled_[k] = scale * omega_[k];
    for (int i = 0; i < pairs_; i++) writeRows(pairTable_, i, -(i + 0.5) * spacing_);
    for (int b = 0; b < blocks_; b++) {
      const Block& block = block_[b];
      for (int i = 0; !block.paired && i < block.points; i++) writeRows(block.table, i, time_[b * size_ + i] - block.middle);
      harmonics_.fill(scaled_, count_, block.middle);
      for (int k = 0; k < count_; k++) {
        block.sine[k] = T(harmonics_.value[ODD][k]);
        block.cosine[k] = T(harmonics_.value[EVEN][k]);
      }
    }
  }

  bool paired(int slot) const { return blockOf(slot).paired; }

  int pointOf(int slot) const {
    const Block& block = blockOf(slot);
    const int first = slot / size_ * size_, i = slot - first;
    if (!block.paired) return slot;
    const int right = first + (block.points + 1) / 2;
    return i % 2 == 0 ? right - 1 - i / 2 : right + i / 2;
  }

  /** to = features W at a block's `count` slots from `slot` on, as pairs where the block is paired. */
  void forward(const Affine<T>& affine, int slot, const Rows<T>& to, int count) {
    const Block& block = blockOf(slot);
    eachPanel<T>(affine.place().outputs, [&](int j, int, int width) {
      turn(block, affine.panel(j), width);
      for (int parity = 0; parity < PARITIES; parity++) {
        const T* B = turned_[parity];
        if (const T* R = basis_.matrix(parity); R != nullptr) {
          multiplyPanel<T>({{R, count_, 1}, B, width, coefficients_, width, count_, false}, rank(parity), width);
          B = coefficients_;
        }
        const Rows<T> C = partOf(block, to, parity, j);
        multiplyPanel<T>({{block.table.rows + offset(parity), stride(), 1}, B, width, C.at, C.stride, rank(parity), adds(block, parity)},
                         rowsOf(block, count), width);
      }
    });
  }

  /** Gradient += features^T bars, with bars as `forward` gave z; of the scale too. */
  void accumulate(Affine<T>& affine, int slot, const Rows<T>& bars, int count) {
    const Block& block = blockOf(slot);
    eachPanel<T>(affine.place().outputs, [&](int j, int, int width) {
      for (int parity = 0; parity < PARITIES; parity++) {
        const T* R = basis_.matrix(parity);
        pull(block, block.table.rows, parity, bars, j, width, count, R == nullptr ? turnedBar_[parity] : coefficients_);
        if (R != nullptr)
          multiplyPanel<T>({{R, 1, count_}, coefficients_, width, turnedBar_[parity], width, rank(parity), false}, count_, width);
      }
      turnBack(block, affine.gradientPanel(j), width);
      if (trainable_) pullScale(block, affine.panel(j), bars, j, width, count);
    });
  }

  void clear() { scaleBar_ = 0; }
  /** The gradient by c. */
  double scaleBar() const { return scaleBar_; }

private:
  /** Rows (q odd | q even) and (q' odd | q' even) of points or pairs, and with a trainable scale their derivatives by c. */
  struct Table {
    T* rows;
    T* slopes;
  };

  struct Block {
    double middle; // of its points' times, from the grid's
    int points;
    bool paired;
    Table table;
    T *sine, *cosine; // of w middle, [F]
  };

  const Block& blockOf(int slot) const { return block_[slot / size_]; }
  int rank(int parity) const { return basis_.rank(parity); }
  int offset(int parity) const { return parity == ODD ? 0 : rank(ODD); }
  ptrdiff_t stride() const { return rank(ODD) + rank(EVEN); }

  static int rowsOf(const Block& block, int count) { return block.paired ? count : 2 * count; }
  /** Of a block's rows those that a parity's products stand in, from column j: in a pair (odd, even, odd rate, even rate). */
  static Rows<T> partOf(const Block& block, const Rows<T>& rows, int parity, int j) {
    if (!block.paired) return {rows.at + j, rows.stride};
    return {rows.at + parity * rows.stride + j, 2 * rows.stride};
  }
  static bool adds(const Block& block, int parity) { return !block.paired && parity == EVEN; }

  void turn(const Block& block, const T* W, int width) {
    for (int k = 0; k < count_; k++) {
      const Vector<T> sine = broadcast<T>(block.sine[k]), cosine = broadcast<T>(block.cosine[k]);
      for (int v = k * width; v < (k + 1) * width; v += LANES<T>) {
        const Vector<T> s = load<T>(W + v), c = load<T>(W + count_ * width + v);
        store<T>(turned_[ODD] + v, cosine * s - sine * c);
        store<T>(turned_[EVEN] + v, sine * s + cosine * c);
      }
    }
  }

  void turnBack(const Block& block, T* gradient, int width) const {
    for (int k = 0; k < count_; k++) {
      const Vector<T> sine = broadcast<T>(block.sine[k]), cosine = broadcast<T>(block.cosine[k]);
      for (int v = k * width; v < (k + 1) * width; v += LANES<T>) {
        const Vector<T> o = load<T>(turnedBar_[ODD] + v), e = load<T>(turnedBar_[EVEN] + v);
        T* s = gradient + v;
        T* c = gradient + count_ * width + v;
        store<T>(s, load<T>(s) + (cosine * o + sine * e));
        store<T>(c, load<T>(c) + (cosine * e - sine * o));
      }
    }
  }

  /** to [rank][width] = rows^T bars */
  void pull(const Block& block, const T* rows, int parity, const Rows<T>& bars, int j, int width, int count, T* to) const {
    const Rows<T> Z = partOf(block, bars, parity, j);
    multiplyPanel<T>({{rows + offset(parity), 1, stride()}, Z.at, Z.stride, to, width, rowsOf(block, count), false}, rank(parity), width);
  }

  /** By the rows' own change with c, and by the phases' at the block's middle: dS'/dc = -w middle C', dC'/dc = w middle S'. */
  void pullScale(const Block& block, const T* W, const Rows<T>& bars, int j, int width, int count) {
    turn(block, W, width);
    Vector<T> byRows{}, byPhases{};
    for (int k = 0; k < count_; k++) {
      const T phase = T(scaled_[k] * block.middle);
      for (int v = k * width; v < (k + 1) * width; v += LANES<T>)
        byPhases +=
            phase * (load<T>(turnedBar_[EVEN] + v) * load<T>(turned_[ODD] + v) - load<T>(turnedBar_[ODD] + v) * load<T>(turned_[EVEN] + v));
    }
    for (int parity = 0; parity < PARITIES; parity++) {
      pull(block, block.table.slopes, parity, bars, j, width, count, coefficients_);
      for (int v = 0; v < count_ * width; v += LANES<T>) byRows += load<T>(coefficients_ + v) * load<T>(turned_[parity] + v);
    }
    scaleBar_ += double(sumOfLanes<T>(byRows)) + double(sumOfLanes<T>(byPhases));
  }

  void placeBlock(int b) {
    Block& block = block_[b];
    const double* time = time_ + b * size_;
    const double tolerance = 1e-9 * (time_[points_ - 1] - time_[0]);
    block.points = smaller(size_, points_ - b * size_);
    const int last = block.points - 1;
    block.paired = true;
    for (int i = 1; i <= last; i++) block.paired = block.paired && __builtin_fabs(time[i] - time[0] - i * spacing_) <= tolerance;
    // an odd number of points has a phantom behind them
    const double end = time[last] + (block.paired && last % 2 == 0 ? spacing_ : 0);
    block.middle = (time[0] + end) / 2;
    reach_ = larger(reach_, end - block.middle);
    if (block.paired) pairs_ = larger(pairs_, (block.points + 1) / 2);
  }

  bool openBasis(Arena& arena) {
    if (trainable_) return basis_.openFull(arena, count_);
    double highest = 0;
    for (int k = 0; k < count_; k++) highest = larger(highest, __builtin_fabs(omega_[k]));
    // one sample a radian and some are enough between them too; pairs lie on the samples
    int samples = pairs_;
    for (int b = 0; b < blocks_; b++)
      if (!block_[b].paired) samples = larger(samples, int(smaller(4.0 * count_, highest * reach_) + 8));
    // rank r takes r (points + F) products, the sines and cosines themselves 2 F points, a fifth less because they are deeper
    const int points = smaller(size_, points_), limit = 8 * count_ * points / (5 * (points + count_));
    return basis_.open(arena, omega_, count_, reach_, samples, limit);
  }

  bool takeTables(Arena& arena) {
    const auto take = [&](int count) {
      const int64_t size = 2 * count * stride();
      return Table{arena.take<T>(size), trainable_ ? arena.take<T>(size) : nullptr};
    };
    pairTable_ = take(pairs_);
    for (int b = 0; b < blocks_ && !arena.exhausted(); b++) {
      Block& block = block_[b];
      // with room for a phantom
      block.table = block.paired ? pairTable_ : take(block.points + 1);
      arena.takeEach(count_, block.sine, block.cosine);
    }
    const int64_t panel = int64_t(count_) * PANEL<T>;
    arena.takeEach(panel, coefficients_, turned_[ODD], turned_[EVEN], turnedBar_[ODD], turnedBar_[EVEN]);
    return !arena.exhausted();
  }

  /** The i-th two rows of a table. */
  void writeRows(const Table& table, int i, double tau) {
    const auto write = [&](T* at) {
      for (int parity = 0; parity < PARITIES; parity++) {
        basis_.write(parity, harmonics_.value[parity], at + offset(parity));
        basis_.write(parity, harmonics_.rate[parity], at + stride() + offset(parity));
      }
    };
    harmonics_.fill(scaled_, count_, tau);
    write(table.rows + 2 * i * stride());
    if (table.slopes == nullptr) return;
    harmonics_.fillSlopes(scaled_, count_, tau);
    write(table.slopes + 2 * i * stride());
  }

  int count_ = 0, points_ = 0, size_ = 0, blocks_ = 0;
  bool trainable_ = false;
  double spacing_ = 0, reach_ = 0;
  int pairs_ = 0;
  double *omega_ = nullptr, *scaled_ = nullptr; // 2 pi f, and times e^c
  double* time_ = nullptr;                      // from the grid's middle
  Harmonics harmonics_{};
  LocalBasis<T> basis_;
  Block* block_ = nullptr;
  Table pairTable_{};
  /** Of the panel at hand: [rank][panel], or [F][panel] of the scale; [F][panel]. */
  T* coefficients_ = nullptr;
  T *turned_[PARITIES] = {}, *turnedBar_[PARITIES] = {};
  double scaleBar_ = 0;
};

} // namespace loligo::inline LOLIGO_ISA
