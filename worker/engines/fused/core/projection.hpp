/**
 * The conductances (and C) that enter the current balance linearly, given the states: weighted least squares within their ranges, as
 * reference/projection.ts has it. Normal equations are summed in double, tile by tile; the solution is by active sets (Stark, Parker 1995,
 * BVLS): what leaves its range is put on its bound, what is held there against the slope of the misfit is let go again. Priors are
 * residuals of their own; one of a logarithm is linearised at the solution before it, and the problem solved again until it stays.
 */
#pragma once

#include "prior.hpp"

namespace loligo::inline LOLIGO_ISA {

class Projection {
public:
  bool open(Arena& arena, const HeadShape& shape, const Recording& recording) {
    count_ = shape.programs.linear;
    recording_ = &recording;
    for (int32_t r = 0; r < shape.priors; r++)
      if (indexOf(shape.projected, recording.priors[r].parameter) >= 0) priors_ = shape.priors;
    points_ = arena.take<double>(priors_ == 0 ? 0 : int64_t{count_} * (count_ + 1));
    present_ = arena.take<double>(count_);
    place_ = shape.projected;
    normal_ = arena.take<double>(int64_t{count_} * count_);
    right_ = arena.take<double>(count_);
    x_ = arena.take<double>(count_);
    low_ = arena.take<double>(count_);
    high_ = arena.take<double>(count_);
    free_ = arena.take<bool>(count_);
    members_ = arena.take<int32_t>(count_);
    matrix_ = arena.take<double>(int64_t{count_} * count_);
    solution_ = arena.take<double>(count_);
    scale_ = arena.take<double>(count_);
    return !arena.exhausted();
  }

  int32_t count() const { return count_; }
  /** Among the inferred parameters. */
  int32_t place(int32_t k) const { return place_[k]; }

  void clear() {
    for (int32_t i = 0; i < count_ * count_; i++) normal_[i] = 0;
    for (int32_t k = 0; k < count_; k++) right_[k] = 0;
  }

  /** Add points: sum of weight (constant + sum of x[k] slope[k])^2 is to be least. Outputs of the `linear` tape; those of weight 0 are
   * skipped. */
  template <typename T, typename W> void add(const Tape<T>& linear, const W* weight, int points) {
    const T* constant = linear.output(0);
    for (int32_t k = 0; k < count_; k++) {
      const T* a = linear.output(1 + k);
      for (int32_t l = 0; l <= k; l++) normal_[k * count_ + l] += weightedInner(a, linear.output(1 + l), weight, points);
      right_[k] -= weightedInner(a, constant, weight, points);
    }
  }

  /** Solve, and write what is determined into theta's tail; `factors` weigh the points against priors. */
  void solve(const Parameters& parameters, double* tail, const TermWeights& factors) {
    for (int32_t k = 0; k < count_; k++) {
      for (int32_t l = 0; l < k; l++) normal_[l * count_ + k] = normal_[k * count_ + l];
      low_[k] = parameters.parameter(place_[k]).low();
      high_[k] = parameters.parameter(place_[k]).high();
    }
    if (priors_ == 0)
      boundedLeastSquares();
    else
      solveWithPriors(parameters, factors);
    for (int32_t k = 0; k < count_; k++)
      if (__builtin_isfinite(x_[k])) tail[place_[k]] = parameters.parameter(place_[k]).theta(x_[k]);
  }

private:
  /** Slopes below this, scaled, are rounding. */
  static constexpr double HELD = 1e-9;

  /** Of Newton's method; a handful is enough but for a prior far from the data. */
  static constexpr int32_t MOST_ROUNDS = 50;
  static constexpr double SETTLED = 1e-12;

  int32_t indexOf(const int32_t* places, int32_t parameter) const {
    for (int32_t k = 0; k < count_; k++)
      if (places[k] == parameter) return k;
    return -1;
  }

  void solveWithPriors(const Parameters& parameters, const TermWeights& factors) {
    const int32_t size = count_ * count_;
    for (int32_t i = 0; i < size; i++) points_[i] = factors.current * normal_[i];
    for (int32_t k = 0; k < count_; k++) {
      points_[size + k] = factors.current * right_[k];
      x_[k] = parameters.values()[place_[k]];
    }
    bool settled = false;
    for (int32_t round = 0; round < MOST_ROUNDS && !settled; round++) {
      for (int32_t i = 0; i < size; i++) normal_[i] = points_[i];
      for (int32_t k = 0; k < count_; k++) {
        right_[k] = points_[size + k];
        present_[k] = x_[k];
      }
      for (int32_t r = 0; r < priors_; r++) addPrior(recording_->priors[r], factors.prior * recording_->priorWeight);
      boundedLeastSquares();
      settled = true;
      for (int32_t k = 0; k < count_; k++) settled = settled && __builtin_fabs(x_[k] - present_[k]) <= SETTLED * __builtin_fabs(x_[k]);
    }
  }

  void addPrior(const Prior& prior, double strength) {
    const int32_t k = indexOf(place_, prior.parameter);
    if (k < 0) return;
    const double slope = priorSlope(prior, present_[k]);
    const double curved = priorBend(prior, present_[k]) * slope;
    normal_[k * count_ + k] += strength * slope * curved;
    right_[k] += strength * slope * (curved * present_[k] - priorResidual(prior, present_[k]));
  }

  template <typename T, typename W> static double weightedInner(const T* a, const T* b, const W* weight, int points) {
    // four sums at a time: one alone waits for its own additions
    double sum[4] = {};
    for (int j = 0; j < points; j++)
      if (weight[j] > 0) sum[j % 4] += double(weight[j]) * double(a[j]) * double(b[j]);
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
  }

  void boundedLeastSquares() {
    for (int32_t k = 0; k < count_; k++) {
      free_[k] = true;
      x_[k] = __builtin_nan("");
    }
    putOnBounds();
    // each round lowers the misfit, so no set of bounds comes twice; the limit is for rounding
    for (int32_t round = 0; round < 3 * count_ && allFinite(); round++) {
      const int32_t k = heldBack();
      if (k < 0) return;
      free_[k] = true;
      descend();
    }
  }

  bool allFinite() const {
    for (int32_t k = 0; k < count_; k++)
      if (!__builtin_isfinite(x_[k])) return false;
    return true;
  }

  int32_t freeCount() const {
    int32_t count = 0;
    for (int32_t k = 0; k < count_; k++) count += free_[k];
    return count;
  }

  /** Solve freely, put the unknown that leaves its range farthest on its bound, and so on. */
  void putOnBounds() {
    while (freeCount() > 0) {
      const int32_t n = solveSubset();
      int32_t worst = -1;
      double excess = 0;
      for (int32_t i = 0; i < n; i++) {
        const int32_t k = members_[i];
        const double value = solution_[i];
        const double beyond = (value < low_[k] ? low_[k] - value : value - high_[k]) / (high_[k] - low_[k]);
        if (beyond > 0 && beyond > excess) {
          excess = beyond;
          worst = i;
        }
      }
      if (worst < 0) {
        for (int32_t i = 0; i < n; i++) x_[members_[i]] = solution_[i];
        return;
      }
      const int32_t k = members_[worst];
      x_[k] = solution_[worst] < low_[k] ? low_[k] : high_[k];
      free_[k] = false;
    }
  }

  /** The unknown on a bound that the misfit would leave most steeply, inwards; -1: none. */
  int32_t heldBack() const {
    int32_t steepest = -1;
    double most = HELD;
    for (int32_t k = 0; k < count_; k++) {
      if (free_[k]) continue;
      double slope = -right_[k];
      for (int32_t l = 0; l < count_; l++) slope += normal_[k * count_ + l] * x_[l];
      const double size = right_[k] < 0 ? -right_[k] : right_[k];
      const double pull = (x_[k] == low_[k] ? -slope : slope) / (__builtin_sqrt(normal_[k * count_ + k]) * __builtin_sqrt(size + 1e-300));
      if (pull > most) {
        most = pull;
        steepest = k;
      }
    }
    return steepest;
  }

  /** Go towards the solution of the free unknowns as far as the ranges allow; what blocks the way is put on its bound. */
  void descend() {
    while (freeCount() > 0) {
      const int32_t n = solveSubset();
      for (int32_t i = 0; i < n; i++)
        if (!__builtin_isfinite(solution_[i])) return;
      int32_t first = 0;
      double share = 2;
      for (int32_t i = 0; i < n; i++) {
        const int32_t k = members_[i];
        const double value = solution_[i];
        const double own = value < low_[k]    ? (low_[k] - x_[k]) / (value - x_[k])
                           : value > high_[k] ? (high_[k] - x_[k]) / (value - x_[k])
                                              : 1;
        if (own < share) {
          share = own;
          first = i;
        }
      }
      for (int32_t i = 0; i < n; i++) x_[members_[i]] += share * (solution_[i] - x_[members_[i]]);
      if (share >= 1) return;
      const int32_t k = members_[first];
      x_[k] = solution_[first] < low_[k] ? low_[k] : high_[k];
      free_[k] = false;
    }
  }

  /** Solve for the free unknowns, the others at their value; columns scaled to unit length first. NaN where there is no solution. */
  int32_t solveSubset() {
    int32_t n = 0;
    for (int32_t k = 0; k < count_; k++)
      if (free_[k]) members_[n++] = k;
    for (int32_t i = 0; i < n; i++) {
      const double diagonal = normal_[members_[i] * count_ + members_[i]];
      // 0 and NaN alike: no column
      scale_[i] = 1 / __builtin_sqrt(diagonal == 0 || diagonal != diagonal ? 1 : diagonal);
    }
    for (int32_t i = 0; i < n; i++) {
      const int32_t k = members_[i];
      for (int32_t j = 0; j <= i; j++)
        matrix_[i * n + j] = normal_[k * count_ + members_[j]] * scale_[i] * scale_[j] + (i == j ? 1e-12 : 0);
      double known = 0;
      for (int32_t l = 0; l < count_; l++)
        if (!free_[l]) known += normal_[k * count_ + l] * x_[l];
      solution_[i] = (right_[k] - known) * scale_[i];
    }
    const bool positive = solveCholesky(n);
    for (int32_t i = 0; i < n; i++) solution_[i] = positive ? solution_[i] * scale_[i] : __builtin_nan("");
    return n;
  }

  bool solveCholesky(int32_t n) {
    for (int32_t i = 0; i < n; i++) {
      for (int32_t j = 0; j <= i; j++) {
        double sum = matrix_[i * n + j];
        for (int32_t m = 0; m < j; m++) sum -= matrix_[i * n + m] * matrix_[j * n + m];
        if (i != j)
          matrix_[i * n + j] = sum / matrix_[j * n + j];
        else if (!(sum > 0) || !__builtin_isfinite(sum))
          return false;
        else
          matrix_[i * n + i] = __builtin_sqrt(sum);
      }
    }
    for (int32_t i = 0; i < n; i++) {
      for (int32_t m = 0; m < i; m++) solution_[i] -= matrix_[i * n + m] * solution_[m];
      solution_[i] /= matrix_[i * n + i];
    }
    for (int32_t i = n - 1; i >= 0; i--) {
      for (int32_t m = i + 1; m < n; m++) solution_[i] -= matrix_[m * n + i] * solution_[m];
      solution_[i] /= matrix_[i * n + i];
    }
    return true;
  }

  int32_t count_ = 0;
  const int32_t* place_ = nullptr;
  const Recording* recording_ = nullptr;
  int32_t priors_ = 0;                                     // 0 where none is of a parameter that is projected out
  double* points_ = nullptr;                               // what the points give: normal [K][K], right [K]
  double* present_ = nullptr;                              // where priors are linearised [K]
  double *normal_ = nullptr, *right_ = nullptr;            // [K][K], [K]
  double *x_ = nullptr, *low_ = nullptr, *high_ = nullptr; // [K]
  bool* free_ = nullptr;
  int32_t* members_ = nullptr; // the free ones
  double *matrix_ = nullptr, *solution_ = nullptr, *scale_ = nullptr;
};

} // namespace loligo::inline LOLIGO_ISA
