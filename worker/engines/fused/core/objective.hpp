/**
 * One replica's loss, gradient and damped system in float64, at one theta at a time. All activations are kept, so that a gradient or a
 * linearisation can follow an evaluation; what second order needs more is opened when it is first asked for.
 */
#pragma once
#include "integrated_head.hpp"
#include "network.hpp"
#include "network_head.hpp"
#include "second_order.hpp"

namespace loligo::inline LOLIGO_ISA {

class Objective {
  template <typename Use> auto withHead(Use use) { return integrated_ ? use(integratedHead_) : use(networkHead_); }

public:
  bool open(Arena& arena, const Shape& shape, const Member& member) {
    shape_ = &shape;
    member_ = &member;
    integrated_ = shape.head.programs.integrated;
    const Recording& recording = member.recording;
    return network_.open(arena, shape.network, recording.gridMs, member.frequency, Keep::all) &&
           withHead([&](auto& head) { return head.open(arena, shape.head, recording, size_t(shape.parameterOffset)); }) &&
           projection_.open(arena, shape.head, recording) && !arena.exhausted();
  }

  /** Where `project`, a physics weight, is not negative, theta's linear parameters are solved for first, under it. */
  void evaluate(double* theta, double project, double* terms) {
    double* tail = theta + shape_->parameterOffset;
    network_.load(theta);
    network_.forward(0, points());
    withHead([&](auto& head) {
      head.evaluate(network_, tail);
      if (project >= 0 && projection_.count() > 0) {
        projection_.clear();
        head.project(projection_);
        projection_.solve(head.parameters(), tail, factors(project));
        head.evaluate(network_, tail);
      }
      const Terms mean = head.rows().terms();
      terms[0] = mean.data;
      terms[1] = mean.current;
      terms[2] = mean.gates;
    });
    evaluated_ = true;
    lineariseDone_ = false;
  }

  bool evaluated() const { return evaluated_; }

  /** V and each gate on the grid, at the theta last evaluated. */
  void states(double* to) {
    withHead([&](auto& head) { head.states(to); });
  }

  void parameters(double* to) {
    withHead([&](auto& head) {
      for (int32_t p = 0; p < shape_->head.programs.inferred; p++) to[p] = head.parameters().values()[p];
    });
  }

  /** The factor of the data term is that of the present misfit from now on. */
  double refresh() {
    return factor_ = withHead([](auto& head) { return head.rows().noise(); });
  }

  /** At the theta last evaluated, overwritten. */
  void gradient(double physics, double* gradient) {
    __builtin_memset(gradient, 0, sizeof(double) * static_cast<size_t>(shape_->thetaSize));
    lineariseHead();
    withHead([&](auto& head) { head.pullLoss(factors(physics), network_, gradient + shape_->parameterOffset); });
    network_.clearGradient();
    network_.backward(0, points());
    network_.gradient(gradient);
  }

  /** The system at the theta last evaluated. False: out of memory. */
  bool linearise(Arena& arena, double physics) {
    if (second_ == nullptr && !openSecondOrder(arena)) return false;
    lineariseHead();
    withHead([&](auto& head) {
      head.rows().scales(factors(physics), rowScale_);
      second_->linearise(network_.view(), head.view(), rowScale_);
    });
    built_ = true;
    return true;
  }

  bool built() const { return built_; }

  /** The step, to be added to the linearised theta. False: the damped matrix is not positive definite. */
  bool solve(double damping, double* step, double* predicted) {
    return second_->solve(damping, step, size_t(shape_->thetaSize), predicted);
  }

private:
  int points() const { return shape_->network.points; }

  TermWeights factors(double physics) const {
    const TermWeights& own = member_->weights;
    return {own.data * factor_, own.current * physics, own.gates * physics, own.data};
  }

  void lineariseHead() {
    if (!lineariseDone_) withHead([](auto& head) { head.linearise(); });
    lineariseDone_ = true;
  }

  bool openSecondOrder(Arena& arena) {
    const ProgramShape& programs = shape_->head.programs;
    const NetworkShape& network = shape_->network;
    SecondOrderShape shape;
    shape.network = {points(), network.outputs, 2 * network.features, network.width, network.depth, network.modified, network.factorised};
    shape.samples = shape_->head.samples;
    shape.columns = programs.inferred + shape_->head.freeGates;
    shape.gates = programs.gates;
    shape.priors = shape_->head.priors;
    shape.pairs = integrated_ ? int(integratedHead_.view().pairCount) : 0;
    shape.integrated = integrated_;
    SecondOrder* second = arena.make<SecondOrder>();
    rowScale_ = arena.take<double>(withHead([](auto& head) { return head.rows().count(); }));
    if (arena.exhausted() || !second->open(arena, shape)) return false;
    second_ = second;
    return true;
  }

  const Shape* shape_ = nullptr;
  const Member* member_ = nullptr;
  bool integrated_ = false;
  bool evaluated_ = false;
  /** Whether the head's derivatives, and the damped system, are there. */
  bool lineariseDone_ = false;
  bool built_ = false;
  Network<double> network_;
  NetworkHead networkHead_;
  IntegratedHead integratedHead_;
  Projection projection_;
  SecondOrder* second_ = nullptr;
  double* rowScale_ = nullptr;
  /** What estimated noise puts on the data term. */
  double factor_ = 1;
};

} // namespace loligo::inline LOLIGO_ISA
