/**
 * Residuals with `states: network` in double, over all points, with their local derivatives: reference/network-head.ts. The network must
 * keep all points in the grid's order. Every residual looks at one point, and of the time derivatives at its own state's only.
 *
 * M points; arrays over points are paddedArray<double>(M), rows of residuals contiguous (residual_rows.hpp).
 */
#pragma once

#include "double_head.hpp"
#include "gate_range.hpp"
#include "gate_recurrence.hpp"
#include "projection.hpp"

namespace loligo::inline LOLIGO_ISA {

class NetworkHead {
public:
  bool open(Arena& arena, const HeadShape& shape, const Recording& recording, size_t parameterOffset) {
    shape_ = &shape;
    const ProgramShape& sizes = shape.programs;
    const int32_t S = sizes.states(), R = sizes.rows, P = sizes.inferred;
    const int64_t size = paddedArray<double>(shape.points);
    block_ = smaller(padded<double>(shape.points) / LANES<double>, Tape<double>::BLOCK);
    if (!parameters_.open(arena, shape, recording.others) || !rows_.open(arena, shape, recording)) return false;
    if (!tapes_.open(arena, shape, block_)) return false;
    current_ = paddedCurrent(arena, shape, recording);
    shiftedV_ = arena.take<double>(size);
    driven_ = recording.drivenMv;
    drivenRate_ = recording.drivenRate;
    currentWeight_ = recording.currentWeight;
    double*** arrays[] = {&state_, &rate_, &slope_, &rateSlope_, &dBar_};
    for (double*** array : arrays) *array = takeRows(arena, S, size);
    bar_ = takeRows(arena, int64_t{R} * S, size);
    columns_ = takeRows(arena, P, rows_.count());
    residualBar_ = arena.take<double>(rows_.count());
    if (arena.exhausted()) return false;
    view_ = viewOf(shape, recording, rows_, columns_, size_t(P), parameterOffset);
    view_.bar = bar_;
    view_.dBar = dBar_;
    sampleAt_ = recording.sampleAt;
    return true;
  }

  const Parameters& parameters() const { return parameters_; }
  const ResidualRows& rows() const { return rows_; }
  /** After `linearise`. */
  const HeadView& view() const { return view_; }

  /** Residuals of a network forwarded over all points, at theta's tail. */
  template <typename Net> void evaluate(Net& network, const double* tail) {
    readStates(network);
    parameters_.set(tail);
    tapes_.residuals.hoist(parameters_.values());
    eachBlock(tapes_.residuals, [&](int first, int valid) {
      for (int32_t r = 0; r < shape_->programs.rows; r++) rows_.set(r, first, valid, tapes_.residuals.output(r));
    });
    rows_.setData(shiftedV_);
    rows_.setPriors(parameters_);
  }

  /** The linear least-squares problem at the states last evaluated. */
  void project(Projection& projection) {
    if (tapes_.linear.outputCount() == 0) return;
    tapes_.linear.hoist(parameters_.values());
    eachBlock(tapes_.linear, [&](int first, int valid) { projection.add(tapes_.linear, currentWeight_ + first, valid); });
  }

  /** Derivatives at the state last evaluated. */
  void linearise() {
    tapes_.jacobian.hoist(parameters_.values());
    eachBlock(tapes_.jacobian, [&](int first, int valid) {
      for (int32_t r = 0; r < shape_->programs.rows; r++) lineariseRow(r, first, valid);
    });
    for (int32_t p = 0; p < shape_->programs.inferred; p++) rows_.fillColumn(p, columns_[p]);
  }

  /** Adjoints of the residuals -> those of the network's outputs, and theta's tail of the gradient; both overwritten. Needs `linearise`. */
  template <typename Net> void pull(const double* residualBar, Net& network, double* tail) {
    const int32_t S = shape_->programs.states(), R = shape_->programs.rows, M = shape_->points;
    const double* rowBar = residualBar + shape_->samples;
    for (int32_t k = 0; k < S; k++) {
      double *out = network.outBar(int(k)), *dOut = network.dOutBar(int(k));
      for (int32_t p = 0; p < M; p++) {
        double sum = 0;
        for (int32_t r = 0; r < R; r++) sum += rowBar[int64_t{r} * M + p] * bar_[r * S + k][p];
        out[p] = sum;
        dOut[p] = rowBar[int64_t{k} * M + p] * dBar_[k][p];
      }
    }
    for (int32_t i = 0; i < shape_->samples; i++) network.outBar(0)[sampleAt_[i]] += VOLTAGE_SCALE * residualBar[i];
    for (int32_t p = 0; p < shape_->programs.inferred; p++) {
      double sum = 0;
      for (int64_t row = 0; row < rows_.count(); row++) sum += residualBar[row] * columns_[p][row];
      tail[p] = sum;
    }
  }

  /** Adjoints of the loss under these factors of its terms. */
  template <typename Net> void pullLoss(const TermWeights& factors, Net& network, double* tail) {
    rows_.adjoints(factors, residualBar_);
    pull(residualBar_, network, tail);
  }

  /** V (mV) and each gate, [1 + G][M]. */
  void states(double* to) const {
    for (int32_t k = 0; k < shape_->programs.states(); k++)
      for (int32_t p = 0; p < shape_->points; p++) *to++ = state_[k][p];
  }

private:
  template <typename Net> void readStates(Net& network) {
    const int32_t M = shape_->points;
    for (int32_t k = 0; k < shape_->programs.states(); k++) {
      const double *out = network.out(int(k)), *dOut = network.dOut(int(k));
      for (int32_t p = 0; p < M; p += LANES<double>) {
        const Vector<double> o = load<double>(out + p), dO = load<double>(dOut + p);
        const StateOfOutput<double> state = k > 0 ? stateOfOutput<double>(shape_->gateRanges[k - 1], o, dO) : voltageOfOutput(o, dO);
        store<double>(state_[k] + p, state.state);
        store<double>(rate_[k] + p, state.rate);
        store<double>(slope_[k] + p, state.slope);
        store<double>(rateSlope_[k] + p, state.rateSlope);
      }
      for (int32_t p = 0; k == 0 && p < M; p++) {
        state_[0][p] += driven_[p];
        rate_[0][p] += drivenRate_[p];
      }
      double* arrays[] = {state_[k], rate_[k]};
      for (double* array : arrays)
        for (int64_t p = M; p < paddedArray<double>(M); p++) array[p] = array[M - 1];
    }
    for (int32_t p = 0; p < M; p++) shiftedV_[p] = VOLTAGE_SCALE * network.out(0)[p] + driven_[p];
  }

  static StateOfOutput<double> voltageOfOutput(Vector<double> o, Vector<double> dO) {
    const Vector<double> scale = broadcast<double>(VOLTAGE_SCALE);
    return {o * scale + VOLTAGE_CENTRE, scale, scale * dO, Vector<double>{}};
  }

  template <typename Use> void eachBlock(Tape<double>& tape, Use use) {
    const ProgramShape& sizes = shape_->programs;
    const int size = block_ * LANES<double>;
    const auto copy = [&](int32_t slot, const double* from, int points) {
      if (double* row = tape.input(slot); row != nullptr)
        for (int i = 0; i < points; i += LANES<double>) store<double>(row + i, load<double>(from + i));
    };
    for (int first = 0; first < shape_->points; first += size) {
      const int valid = smaller(size, shape_->points - first), vectors = padded<double>(valid) / LANES<double>;
      for (int32_t k = 0; k < sizes.states(); k++) {
        copy(k, state_[k] + first, valid);
        copy(sizes.rateSlot() + k, rate_[k] + first, valid);
      }
      copy(sizes.currentSlot(), current_ + first, valid);
      tape.run(vectors);
      use(first, valid);
    }
  }

  void lineariseRow(int32_t r, int first, int valid) {
    const ProgramShape& sizes = shape_->programs;
    const int32_t S = sizes.states(), from = r * (S + 1 + sizes.inferred);
    const double* byRate = tapes_.jacobian.output(from + S);
    for (int32_t k = 0; k < S; k++) {
      const double* byState = tapes_.jacobian.output(from + k);
      for (int i = 0; i < valid; i++) {
        const int p = first + i;
        bar_[r * S + k][p] = byState[i] * slope_[k][p] + (k == r ? byRate[i] * rateSlope_[k][p] : 0);
      }
    }
    for (int i = 0; i < valid; i++) dBar_[r][first + i] = byRate[i] * slope_[r][first + i];
    for (int32_t q = 0; q < sizes.inferred; q++) {
      double* column = columns_[q] + shape_->samples + int64_t{r} * shape_->points + first;
      for (int i = 0; i < valid; i++) column[i] = parameters_.slopes()[q] * tapes_.jacobian.output(from + S + 1 + q)[i];
    }
  }

  const HeadShape* shape_ = nullptr;
  Parameters parameters_;
  ResidualRows rows_;
  HeadTapes tapes_;
  int block_ = 1;
  double* current_ = nullptr;
  const double* currentWeight_ = nullptr;
  const int32_t* sampleAt_ = nullptr;
  double* shiftedV_ = nullptr; // [M] V + 40 mV
  const double *driven_ = nullptr, *drivenRate_ = nullptr;
  /** [S][paddedArray]: states and their time derivatives; d state / d o; d (d state / dt) / d o at fixed do/dt */
  double **state_ = nullptr, **rate_ = nullptr, **slope_ = nullptr, **rateSlope_ = nullptr;
  double **bar_ = nullptr, **dBar_ = nullptr; // [R S] and [R], linearisation.hpp
  double** columns_ = nullptr;                // [P][rows]
  double* residualBar_ = nullptr;             // [rows]
  HeadView view_;
};

} // namespace loligo::inline LOLIGO_ISA
