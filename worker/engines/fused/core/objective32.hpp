/**
 * One replica's loss and gradient in the arithmetic of Adam: network and head in float32, sums over tiles, parameters and the least squares
 * of projection in double.
 *
 * Where each point's loss is its own, points are taken tile by tile, each through network, head and reverse pass while it is in the cache.
 * All points' activations are kept where something has to be known of all before an adjoint of one: gates that are integrated, projection,
 * the noise, multipliers that grow with the terms.
 */
#pragma once

#include "integrated_loss.hpp"
#include "network.hpp"
#include "network_loss.hpp"
#include "prior.hpp"
#include "shape.hpp"

namespace loligo::inline LOLIGO_ISA {

class Objective32 {
  template <typename Use> auto withLoss(Use use) { return integrated_ ? use(integratedLoss_) : use(networkLoss_); }

public:
  bool open(Arena& arena, const Shape& shape, const Member& member) {
    shape_ = &shape;
    member_ = &member;
    const HeadShape& head = shape.head;
    const Recording& recording = member.recording;
    integrated_ = head.programs.integrated;
    needsAll_ = integrated_ || recording.estimateNoise || member.weighting == Weighting::selfAdaptive;
    const auto openNetwork = [&](Network<float>& network, Keep keep) {
      return network.open(arena, shape.network, recording.gridMs, member.frequency, keep);
    };
    if (!needsAll_ && !openNetwork(tiled_, Keep::tile)) return false;
    if ((needsAll_ || head.programs.linear > 0) && !openNetwork(whole_, Keep::all)) return false;
    const Network<float>& any = needsAll_ ? whole_ : tiled_;
    return withLoss([&](auto& loss) { return loss.open(arena, head, recording, any.order(), any.tile()); }) &&
           projection_.open(arena, head, recording) && priors_.open(arena, head, recording);
  }

  /**
   * Take weights (theta32, of which the network's numbers are read) and theta's tail. Where `physics` is not negative the linear parameters
   * are first solved for under it and written into the tail. Afterwards `differentiate` may be called, any number of times.
   */
  void take(const float* theta32, double* tail, double physics) {
    const bool project = physics >= 0 && projection_.count() > 0;
    all_ = needsAll_ || project;
    network().load(theta32);
    withLoss([&](auto& loss) {
      if (all_) whole_.forward(0, points());
      loss.set(tail);
      if (!project) return;
      projection_.clear();
      loss.project(whole_, 0, points(), projection_);
      const TermWeights& own = member_->weights;
      projection_.solve(loss.parameters(), tail, {own.data, own.current * physics, own.gates * physics, own.data});
      loss.setProjected(tail);
    });
  }

  /** Terms and misfit alone; only where all points are kept. */
  void measure() {
    withLoss([&](auto& loss) {
      loss.begin(TermWeights{});
      loss.accumulate(whole_, 0, points());
    });
  }

  /** Terms, misfit and the gradient of the terms under these factors. */
  void differentiate(const TermWeights& factors) {
    network().clearGradient();
    priorFactor_ = factors.prior;
    withLoss([&](auto& loss) {
      loss.begin(factors);
      if (all_) {
        loss.accumulate(whole_, 0, points());
        return whole_.backward(0, points());
      }
      const int tile = tiled_.tile();
      for (int first = 0; first < points(); first += tile) {
        const int count = smaller(tile, points() - first);
        tiled_.forward(first, count);
        loss.accumulate(tiled_, first, count);
        tiled_.backward(first, count);
      }
    });
  }

  const Terms& terms() const { return integrated_ ? integratedLoss_.terms() : networkLoss_.terms(); }
  /** On the data term, by the noise that the misfit shows. */
  double noise() const { return noiseFactor(member_->recording, integrated_ ? integratedLoss_.meanSquare() : networkLoss_.meanSquare()); }

  /** The network's numbers of the gradient, and theta's tail. */
  void gradient(float* gradient32, double* tail) {
    network().gradient(gradient32);
    withLoss([&](auto& loss) { loss.gradient(tail); });
    if (priors_.count() == 0) return;
    priors_.set(parameters());
    priors_.addGradient(priorFactor_, tail);
  }

  const Projection& projection() const { return projection_; }
  const Parameters& parameters() { return integrated_ ? integratedLoss_.parameters() : networkLoss_.parameters(); }
  /** Rows of residuals of gates: whether their term exists. */
  bool hasGates() const { return shape_->head.programs.rows > 1; }

private:
  int points() const { return shape_->network.points; }
  Network<float>& network() { return all_ ? whole_ : tiled_; }

  const Shape* shape_ = nullptr;
  const Member* member_ = nullptr;
  bool integrated_ = false, needsAll_ = false, all_ = false;
  Network<float> tiled_, whole_;
  NetworkLoss<float> networkLoss_;
  IntegratedLoss<float> integratedLoss_;
  Projection projection_;
  Priors priors_;
  double priorFactor_ = 0;
};

} // namespace loligo::inline LOLIGO_ISA
