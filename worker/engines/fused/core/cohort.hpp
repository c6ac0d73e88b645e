/**
 * The replicas of a cohort and what works on them. Each replica keeps its theta, moments and multipliers; the arrays of the arithmetic
 * exist once, for the replica that is being worked on, in float32 for Adam and in float64 for the rest: replicas are trained one after the
 * other, so a cohort of many costs the memory of one. Taking up another replica opens its arithmetic anew, which costs about a step.
 */
#pragma once
#include "adam.hpp"
#include "description.hpp"
#include "exports.hpp"
#include "objective.hpp"

namespace loligo::inline LOLIGO_ISA {

class Cohort {
public:
  Refusal open(const int32_t* ints, size_t nInts, const double* reals, size_t nReals) {
    const Refusal refusal = DescriptionReader(arena_, ints, nInts, reals, nReals).read(description_);
    if (refusal != Refusal::none) return refusal;
    replica_ = arena_.take<Replica>(size());
    for (int32_t r = 0; r < size() && !arena_.exhausted(); r++) openReplica(r);
    return arena_.exhausted() ? Refusal::memory : Refusal::none;
  }

  int32_t size() const { return description_.replicas; }
  int32_t thetaSize() const { return description_.shape.thetaSize; }
  int32_t inferred() const { return description_.shape.head.programs.inferred; }
  int64_t stateNumbers() const { return int64_t{description_.shape.head.points} * (1 + description_.shape.head.programs.gates); }
  size_t bytes() const { return arena_.size() + trainingArena_.size() + objectiveArena_.size(); }

  double* theta(int32_t r) const { return replica_[r].theta; }
  float* first(int32_t r) const { return replica_[r].first; }
  float* second(int32_t r) const { return replica_[r].second; }
  double* multipliers(int32_t r) const { return replica_[r].multipliers; }

  /** Steps taken, or a code. */
  int adam(int32_t r, const AdamStage& stage, int step, int steps, double* terms, double* trace) {
    if (!train(r)) return outOfMemory;
    Replica& replica = replica_[r];
    copy(replica.theta, adam_.theta);
    copy(replica.first, adam_.first);
    copy(replica.second, adam_.second);
    for (int i = 0; i < 3; i++) adam_.multipliers[i] = replica.multipliers[i];
    Terms last;
    const int taken = adam_.run(stage, step, steps, last, trace);
    copy(adam_.theta, replica.theta);
    copy(adam_.first, replica.first);
    copy(adam_.second, replica.second);
    for (int i = 0; i < 3; i++) replica.multipliers[i] = adam_.multipliers[i];
    write(last, terms);
    return taken;
  }

  int gradient32(int32_t r, const double* theta, double physics, double* gradient, double* terms) {
    if (!train(r)) return outOfMemory;
    Terms at;
    adam_.evaluate(theta, physics, gradient, at);
    write(at, terms);
    return ok;
  }

  int evaluate(int32_t r, double* theta, double project, double* terms) {
    if (!work(r)) return outOfMemory;
    objective_.evaluate(theta, project, terms);
    return ok;
  }

  /** The objective where the replica is the one last evaluated, otherwise null. */
  Objective* evaluated(int32_t r) { return worked_ == r && objective_.evaluated() ? &objective_ : nullptr; }

  int linearise(int32_t r, double physics) {
    if (evaluated(r) == nullptr) return badOrder;
    if (objective_.linearise(objectiveArena_, physics)) return ok;
    worked_ = -1;
    return outOfMemory;
  }

  int reconstruct(int32_t r, double* states, double* parameters) {
    if (!work(r)) return outOfMemory;
    double terms[3];
    objective_.evaluate(theta(r), -1, terms);
    objective_.states(states);
    objective_.parameters(parameters);
    return ok;
  }

private:
  struct Replica {
    double* theta;
    float* first;
    float* second;
    double* multipliers;
  };

  void openReplica(int32_t r) {
    Replica& replica = replica_[r];
    replica.theta = arena_.take<double>(thetaSize());
    replica.first = arena_.take<float>(thetaSize());
    replica.second = arena_.take<float>(thetaSize());
    replica.multipliers = arena_.take<double>(3);
    if (arena_.exhausted()) return;
    copy(description_.member[r].theta, replica.theta);
    for (int i = 0; i < 3; i++) replica.multipliers[i] = 1;
  }

  template <typename T> void copy(const T* from, T* to) const { __builtin_memcpy(to, from, sizeof(T) * size_t(thetaSize())); }

  static void write(const Terms& from, double* to) {
    to[0] = from.data;
    to[1] = from.current;
    to[2] = from.gates;
  }

  bool train(int32_t r) { return takeUp(r, trained_, trainingArena_, adam_); }
  bool work(int32_t r) { return takeUp(r, worked_, objectiveArena_, objective_); }

  template <typename Work> bool takeUp(int32_t r, int32_t& present, Arena& arena, Work& work) {
    if (present == r) return true;
    arena.release();
    work = Work{};
    const bool opened = work.open(arena, description_.shape, description_.member[r]);
    present = opened ? r : -1;
    return opened;
  }

  Arena arena_;
  Description description_;
  Replica* replica_ = nullptr;
  /** Whose arithmetic is open; -1: nobody's. */
  int32_t trained_ = -1;
  int32_t worked_ = -1;
  Arena trainingArena_;
  Adam adam_;
  Arena objectiveArena_;
  Objective objective_;
};

} // namespace loligo::inline LOLIGO_ISA
