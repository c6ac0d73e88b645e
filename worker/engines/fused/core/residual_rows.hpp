/**
 * All residuals of a replica in double, unweighted, and what is made of them: terms, adjoints, scales of rows. Rows, in the order of
 * reference/head.ts: data [N] (V - recording, mV), then [R][M] the current balance and, with states `network`, each gate, then priors [Q].
 */
#pragma once

#include "collocation.hpp"
#include "prior.hpp"

namespace loligo::inline LOLIGO_ISA {

class ResidualRows {
public:
  bool open(Arena& arena, const HeadShape& shape, const Recording& recording) {
    shape_ = &shape;
    recording_ = &recording;
    residual_ = arena.take<double>(count());
    return priors_.open(arena, shape, recording) && !arena.exhausted();
  }

  int32_t samples() const { return shape_->samples; }
  int64_t count() const { return firstPrior() + priors_.count(); }
  const Priors& priors() const { return priors_; }
  int64_t firstPrior() const { return shape_->samples + int64_t{shape_->programs.rows} * shape_->points; }
  const double* residual() const { return residual_; }

  /** V - VOLTAGE_CENTRE on the grid. */
  void setData(const double* shiftedV) {
    for (int32_t i = 0; i < samples(); i++) residual_[i] = shiftedV[recording_->sampleAt[i]] - (recording_->voltageMv[i] - VOLTAGE_CENTRE);
  }

  /** Row r of the current balance or of a gate, points [first, first + points). */
  void set(int32_t r, int first, int points, const double* values) {
    double* to = row(r) + first;
    for (int i = 0; i < points; i++) to[i] = values[i];
  }

  void setPriors(const Parameters& parameters) {
    priors_.set(parameters);
    for (int32_t r = 0; r < priors_.count(); r++) residual_[firstPrior() + r] = priors_.residual(r);
  }

  /** The rows of priors of d residual / d theta of parameter p. */
  void fillColumn(int32_t p, double* column) const {
    for (int32_t r = 0; r < priors_.count(); r++) column[firstPrior() + r] = priors_.parameter(r) == p ? priors_.slope(r) : 0;
  }

  Terms terms() const {
    Terms terms;
    for (int32_t i = 0; i < samples(); i++) {
      const double weight = recording_->dataWeight[i];
      if (!(weight > 0)) continue;
      const double size = bounded(residual_[i]);
      terms.data += weight * size * (2 * __builtin_fabs(residual_[i]) - size);
    }
    terms.current = meanSquare(0, recording_->currentWeight);
    for (int32_t r = 1; r < shape_->programs.rows; r++) terms.gates += meanSquare(r, recording_->gatesWeight);
    return terms;
  }

  /** Of V - data, mV^2. */
  double meanSquareMisfit() const {
    double sum = 0;
    for (int32_t i = 0; i < samples(); i++)
      if (recording_->dataWeight[i] > 0) sum += recording_->dataWeight[i] * residual_[i] * residual_[i];
    return sum * DATA_SCALE_MV * DATA_SCALE_MV;
  }

  /** (1 mV / sigma)^2 of the present misfit where noise is estimated, otherwise 1. */
  double noise() const { return noiseFactor(*recording_, meanSquareMisfit()); }

  /** d loss / d residual under these factors of the terms. */
  void adjoints(const TermWeights& factors, double* bar) const {
    weigh(factors, [&](int64_t row, double weight) { bar[row] = weight == 0 ? 0 : 2 * weight * residual_[row]; });
  }

  /** sqrt of each row's weight in the loss; data rows beyond the Huber limit at their reduced weight. */
  void scales(const TermWeights& factors, double* scale) const {
    weigh(factors, [&](int64_t row, double weight) { scale[row] = __builtin_sqrt(weight); });
  }

private:
  double* row(int32_t r) const { return residual_ + samples() + int64_t{r} * shape_->points; }

  double bounded(double residual) const {
    const double size = __builtin_fabs(residual);
    return size > recording_->huberMv ? recording_->huberMv : size;
  }

  double meanSquare(int32_t r, const double* weight) const {
    double sum = 0;
    const double* residual = row(r);
    for (int32_t p = 0; p < shape_->points; p++)
      if (weight[p] > 0) sum += weight[p] * residual[p] * residual[p];
    return sum;
  }

  template <typename Use> void weigh(const TermWeights& factors, Use use) const {
    for (int32_t i = 0; i < samples(); i++) {
      const double size = __builtin_fabs(residual_[i]);
      use(i, factors.data * recording_->dataWeight[i] * (size > recording_->huberMv ? recording_->huberMv / size : 1));
    }
    int64_t at = samples();
    for (int32_t r = 0; r < shape_->programs.rows; r++)
      for (int32_t p = 0; p < shape_->points; p++, at++)
        use(at, r == 0 ? factors.current * recording_->currentWeight[p] : factors.gates * recording_->gatesWeight[p]);
    for (int32_t r = 0; r < priors_.count(); r++, at++) use(at, factors.prior * recording_->priorWeight);
  }

  const HeadShape* shape_ = nullptr;
  const Recording* recording_ = nullptr;
  double* residual_ = nullptr;
  Priors priors_;
};

} // namespace loligo::inline LOLIGO_ISA
