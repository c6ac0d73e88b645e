/**
 * The float32 training of one replica: Adam (Kingma, Ba 2015, algorithm 1) with the schedule of reference/adam.ts, many steps a call. The
 * network's weights and all moments stand in float32; inferred parameters, free initial gates and the scale of the features in double.
 * A call that is cut in two gives the same bits.
 *
 * Divergence is as the reference has it: before each step the terms of the loss must be finite.
 */
#pragma once

#include "exports.hpp"
#include "objective32.hpp"
#include "weighting.hpp"

namespace loligo::inline LOLIGO_ISA {

inline constexpr double BETA1 = 0.9;
inline constexpr double BETA2 = 0.999;
inline constexpr double EPSILON = 1e-8;

/** Rate at step `step` (from 0): rises over the warm-up, then falls along a half cosine to a hundredth at the end. */
inline double rateAt(const AdamStage& stage, int step) {
  if (step < stage.warmup) return stage.rate * (step + 1) / stage.warmup;
  const double span = larger(1.0, stage.steps - stage.warmup);
  const double share = smaller(1.0, (step - stage.warmup) / span);
  return stage.rate * (0.01 + 0.99 * 0.5 * (1 + cos<double>(broadcast<double>(3.14159265358979323846 * share))[0]));
}

/** Along a geometric series from the first step to the last. */
inline double physicsAt(const AdamStage& stage, int step) {
  if (stage.physicsFrom == stage.physicsTo) return stage.physicsFrom;
  const double share = step / larger(1.0, stage.steps - 1);
  return stage.physicsFrom * scalarUnary(Opcode::exp, share * scalarUnary(Opcode::log, stage.physicsTo / stage.physicsFrom));
}

inline bool isFinite(const Terms& terms) {
  return __builtin_isfinite(terms.data) && __builtin_isfinite(terms.current) && __builtin_isfinite(terms.gates);
}

class Adam {
public:
  bool open(Arena& arena, const Shape& shape, const Member& member) {
    shape_ = &shape;
    member_ = &member;
    theta = arena.take<double>(shape.thetaSize);
    float** arrays[] = {&first, &second, &theta32_, &gradient32_};
    for (float** array : arrays) *array = arena.take<float>(shape.thetaSize + LANES<float>);
    gradient_ = arena.take<double>(shape.thetaSize);
    if (arena.exhausted() || !objective_.open(arena, shape, member)) return false;
    for (int32_t i = 0; i < shape.thetaSize; i++) theta[i] = member.theta[i];
    return true;
  }

  /**
   * Up to `steps` steps from step `step`; returns the steps taken: fewer mean divergence. `terms` are those before the last step that was
   * begun. trace: null, or [steps][P] parameters in the model's units after each step.
   */
  int run(const AdamStage& stage, int step, int steps, Terms& terms, double* trace) {
    const int32_t size = shape_->thetaSize, P = shape_->head.programs.inferred;
    for (int32_t i = 0; i < size; i++) theta32_[i] = float(theta[i]);
    int taken = 0;
    for (; taken < steps; taken++) {
      const bool finite = differentiate(stage, step + taken);
      terms = objective_.terms();
      if (!finite) break;
      move(stage, step + taken);
      for (int32_t p = 0; trace != nullptr && p < P; p++) *trace++ = objective_.parameters().parameter(p).value(tail()[p]);
    }
    for (int32_t i = 0; i < shape_->network.size; i++) theta[i] = double(theta32_[i]);
    return taken;
  }

  /** Terms and gradient of the loss at a theta, without projection and multipliers. */
  void evaluate(const double* at, double physics, double* gradient, Terms& terms) {
    const int32_t size = shape_->thetaSize;
    for (int32_t i = 0; i < size; i++) {
      theta32_[i] = float(at[i]);
      gradient_[i] = at[i];
    }
    objective_.take(theta32_, gradient_ + shape_->parameterOffset, -1);
    double noise = 1;
    if (member_->recording.estimateNoise) {
      objective_.measure();
      noise = objective_.noise();
    }
    const double ones[] = {1, 1, 1};
    objective_.differentiate(factors(physics, noise, ones));
    collect();
    terms = objective_.terms();
    for (int32_t i = 0; i < size; i++) gradient[i] = isInDouble(i) ? gradient_[i] : double(gradient32_[i]);
  }

  double* theta = nullptr; // [thetaSize]
  float* first = nullptr;  // moments, [thetaSize]
  float* second = nullptr;
  /** Multipliers of data, current and gates under an adaptive weighting. */
  double multipliers[3] = {1, 1, 1};

private:
  double* tail() { return theta + shape_->parameterOffset; }
  bool isInDouble(int32_t i) const { return i >= shape_->network.size; }

  TermWeights factors(double physics, double noise, const double* multiplier) const {
    const TermWeights& own = member_->weights;
    return {own.data * noise * multiplier[0], physics * own.current * multiplier[1], physics * own.gates * multiplier[2],
            own.data * multiplier[0]};
  }

  /** The gradient for a step; false when a term is not finite. */
  bool differentiate(const AdamStage& stage, int step) {
    const double physics = physicsAt(stage, step);
    const bool project = stage.project != 0;
    objective_.take(theta32_, tail(), project ? physics : -1);
    double noise = 1;
    if (member_->recording.estimateNoise || member_->weighting == Weighting::selfAdaptive) {
      objective_.measure();
      if (!isFinite(objective_.terms())) return false;
      noise = objective_.noise();
    }
    if (physics != 0 && !balance(step)) return false;
    objective_.differentiate(factors(physics, noise, multipliers));
    if (!isFinite(objective_.terms())) return false;
    collect();
    for (int32_t k = 0; project && k < objective_.projection().count(); k++)
      gradient_[shape_->parameterOffset + objective_.projection().place(k)] = 0;
    return true;
  }

  /** Bring the multipliers to this step, whose terms were measured if they are self-adaptive. */
  bool balance(int step) {
    if (member_->weighting == Weighting::selfAdaptive) growMultipliers(multipliers, objective_.terms(), objective_.hasGates() ? 3 : 2);
    if (member_->weighting != Weighting::gradientNorm || step % GRADIENT_NORM_INTERVAL != 0) return true;
    objective_.differentiate({1, 0, 0});
    if (!isFinite(objective_.terms())) return false;
    collect();
    const double largest = sizes().largest;
    const TermWeights only[] = {{0, 1, 0}, {0, 0, 1}};
    for (int i = 0; i < (objective_.hasGates() ? 2 : 1); i++) {
      objective_.differentiate(only[i]);
      collect();
      balanceGradient(multipliers[1 + i], largest, sizes().mean);
    }
    return true;
  }

  struct Sizes {
    double largest, mean;
  };

  /** Of the gradient's components by the network's layers. */
  Sizes sizes() const {
    double largest = 0, sum = 0;
    for (int32_t i = 0; i < shape_->network.size; i++) {
      const double size = __builtin_fabs(double(gradient32_[i]));
      if (size > largest) largest = size;
      sum += size;
    }
    return {largest, sum / shape_->network.size};
  }

  void collect() {
    objective_.gradient(gradient32_, gradient_ + shape_->parameterOffset);
    if (const int32_t place = shape_->network.scalePlace; place >= 0) gradient_[place] = double(gradient32_[place]);
  }

  void move(const AdamStage& stage, int step) {
    const double rate = rateAt(stage, step);
    const double scale1 = 1 / (1 - integerPower(BETA1, step + 1)), scale2 = 1 / (1 - integerPower(BETA2, step + 1));
    moveWeights(float(rate * scale1), float(scale2));
    for (int32_t i = shape_->network.size; i < shape_->thetaSize; i++) {
      const double g = gradient_[i], own = i == shape_->network.scalePlace ? rate : rate * stage.parameterRate;
      const double m = BETA1 * double(first[i]) + (1 - BETA1) * g, v = BETA2 * double(second[i]) + (1 - BETA2) * g * g;
      first[i] = float(m);
      second[i] = float(v);
      theta[i] -= own * scale1 * m / (__builtin_sqrt(v * scale2) + EPSILON);
      theta32_[i] = float(theta[i]);
    }
  }

  void moveWeights(float rate, float scale2) {
    const int32_t size = shape_->network.size;
    int32_t i = 0;
    for (; i + LANES<float> <= size; i += LANES<float>) moveVector(i, rate, scale2);
    for (; i < size; i++) {
      const float g = gradient32_[i];
      first[i] = float(BETA1) * first[i] + float(1 - BETA1) * g;
      second[i] = float(BETA2) * second[i] + float(1 - BETA2) * g * g;
      theta32_[i] -= rate * first[i] / (__builtin_sqrtf(second[i] * scale2) + float(EPSILON));
    }
  }

  void moveVector(int32_t i, float rate, float scale2) {
    const Vector<float> g = load<float>(gradient32_ + i);
    const Vector<float> m = load<float>(first + i) * float(BETA1) + g * float(1 - BETA1);
    const Vector<float> v = load<float>(second + i) * float(BETA2) + g * g * float(1 - BETA2);
    store<float>(first + i, m);
    store<float>(second + i, v);
    store<float>(theta32_ + i, load<float>(theta32_ + i) - rate * m / (sqrt<float>(v * scale2) + float(EPSILON)));
  }

  const Shape* shape_ = nullptr;
  const Member* member_ = nullptr;
  Objective32 objective_;
  float *theta32_ = nullptr, *gradient32_ = nullptr; // [thetaSize]
  double* gradient_ = nullptr;                       // theta's tail and the scale of the features in their places
};

} // namespace loligo::inline LOLIGO_ISA
