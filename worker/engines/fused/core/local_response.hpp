/**
 * Network formulation: how the residuals answer to the network's outputs and their time derivatives, and the adjoint of that. Every
 * residual looks at one point: data at output 0, residual r at every output and at the rate of output r. (gate_response.hpp is the other
 * formulation's.)
 *
 * K outputs and as many kinds of residuals; kind -1 stands for the data. Mp: points filled up to whole panels.
 */
#pragma once

#include "gram.hpp"

namespace loligo::inline LOLIGO_ISA {

class LocalResponse {
public:
  static constexpr int R = ROWS<double>;
  using Block = Tile<double>;

  bool open(Arena& arena, int samples, int points, int outputs) {
    samples_ = samples;
    points_ = points;
    K_ = outputs;
    paddedSamples_ = panelsOf(samples, R) * R;
    paddedPoints_ = panelsOf(points, R) * R;
    bar_ = arena.take<double>(int64_t(K_) * (K_ + 1) * paddedPoints_);
    sampleOf_ = arena.take<int32_t>(paddedPoints_);
    left_ = arena.take<Block>(2 * K_);
    return !arena.exhausted();
  }

  void take(const HeadView& head) {
    scale_ = head.voltageScale;
    for (int p = 0; p < paddedPoints_; p++) sampleOf_[p] = -1;
    for (int i = 0; i < samples_; i++) sampleOf_[head.sampleAt[i]] = i;
    for (int r = 0; r < K_; r++) {
      for (int k = 0; k < K_; k++) __builtin_memcpy(bar(r, k), head.bar[r * K_ + k], sizeof(double) * points_);
      __builtin_memcpy(dBar(r), head.dBar[r], sizeof(double) * points_);
    }
  }

  /** Place of a row among the system's; -1 where there is none. */
  int rowOf(int kind, int point) const {
    if (point >= points_) return -1;
    return kind < 0 ? sampleOf_[point] : paddedSamples_ + kind * paddedPoints_ + point;
  }

  /** Takes Gram::panel's blocks of one tile; `products` then gives rows of kind r at panel I against rows of kind s at points first .. */
  void combine(const Block* blocks, int r, int I) {
    for (int m = 0; m < K_; m++)
      for (int d = 0; d < 2; d++) {
        const Block* value = blocks + (d == 0 ? valueValue : valueTangent) * K_ * K_ + m;
        const Block* tangent = blocks + ((d == 0 ? tangentValue : tangentTangent) * K_ + larger(r, 0)) * K_ + m;
        for (int v = 0; v < TILE_VECTORS; v++) {
          const int at = I * R + v * LANES<double>;
          for (int j = 0; j < TILE_COLUMNS; j++) {
            Vector<double> sum = r < 0 ? scale_ * value->at[j][v] : load(dBar(r) + at) * tangent->at[j][v];
            for (int k = 0; r >= 0 && k < K_; k++) sum += load(bar(r, k) + at) * value[k * K_].at[j][v];
            left_[d * K_ + m].at[j][v] = sum;
          }
        }
      }
  }

  Block products(int s, int first) const {
    Block sum;
    for (int j = 0; j < TILE_COLUMNS; j++)
      for (int v = 0; v < TILE_VECTORS; v++) {
        Vector<double> value = s < 0 ? scale_ * left_[0].at[j][v] : dBar(s)[first + j] * left_[K_ + s].at[j][v];
        for (int m = 0; s >= 0 && m < K_; m++) value += bar(s, m)[first + j] * left_[m].at[j][v];
        sum.at[j][v] = value;
      }
    return sum;
  }

  /** Perturbations of outputs and rates [K][Mp][R] -> of all rows [n][R]. */
  void respond(const double* value, const double* tangent, double* to) const {
    const size_t next = size_t(paddedPoints_) * R;
    for (int p = 0; p < points_; p++)
      for (int v = 0; v < TILE_VECTORS; v++) {
        const int lane = v * LANES<double>;
        const size_t at = size_t(p) * R + lane;
        if (sampleOf_[p] >= 0) store(to + size_t(sampleOf_[p]) * R + lane, scale_ * load(value + at));
        for (int r = 0; r < K_; r++) {
          Vector<double> sum = dBar(r)[p] * load(tangent + r * next + at);
          for (int k = 0; k < K_; k++) sum += bar(r, k)[p] * load(value + k * next + at);
          store(to + size_t(rowOf(r, p)) * R + lane, sum);
        }
      }
  }

  /** Adjoints of all rows [n] -> of outputs and rates [K][Mp], overwritten. */
  void adjoint(const double* rowBar, double* value, double* tangent) const {
    for (int k = 0; k < K_; k++)
      for (int p = 0; p < points_; p++) {
        double sum = k == 0 && sampleOf_[p] >= 0 ? scale_ * rowBar[sampleOf_[p]] : 0;
        for (int r = 0; r < K_; r++) sum += bar(r, k)[p] * rowBar[rowOf(r, p)];
        value[k * paddedPoints_ + p] = sum;
        tangent[k * paddedPoints_ + p] = dBar(k)[p] * rowBar[rowOf(k, p)];
      }
  }

private:
  double* bar(int r, int k) const { return bar_ + (size_t(r) * (K_ + 1) + k) * paddedPoints_; }
  double* dBar(int r) const { return bar(r, K_); }

  int samples_ = 0, points_ = 0, K_ = 0, paddedSamples_ = 0, paddedPoints_ = 0;
  double scale_ = 0;
  double* bar_ = nullptr;       // [K][K, and dBar][Mp]
  int32_t* sampleOf_ = nullptr; // sample at a point, or -1 [Mp]
  Block* left_ = nullptr;       // rows of one kind against value functionals, then tangent functionals [2][K]
};

} // namespace loligo::inline LOLIGO_ISA
