/**
 * The border: reads the flat arrays of description.ts into a Shape and its Members, and refuses what does not fit. Nothing behind it checks
 * an index, a size or a program again. Values that only make a replica diverge (a recording that is not finite, a huge theta) pass.
 *
 * ints: [version, integrated, activation, points M, samples N, features, depth, width, modified, factorised, trainable scale, gates G,
 *   inferred P, others F, linear K, free gates of a segment, segments, priors Q, gates that others read D, replicas], positive [P], place
 * of each gate among a segment's free [G] or -1, whether it lies along its logarithm [G], read [D], linear [K]; per program (program.hpp):
 * length, constants, outputs, code [length][3], registers of the outputs; per replica: noise estimated, weighting, first point of each
 * segment, sampleAt [N], (parameter, logarithmic) of each prior [Q][2]. reals: ranges of parameters [P][2] and gates [G][2]; each program's
 * constants; per replica: frequencies [features], grid [M], voltage [N], current [M], driven voltage and its rate [M], [M], row weights
 *   [N], [M], [M], others [F], weights of the terms [3], Huber limit, weight of
 *   a prior's square, (centre, sd) of each prior [Q][2], theta.
 */
#pragma once
#include "arena.hpp"
#include "shape.hpp"

namespace loligo::inline LOLIGO_ISA {

inline constexpr int32_t DESCRIPTION_VERSION = 3;
inline constexpr int32_t HEADER_INTS = 20;

/** Which check refused a description; the order is that of the checks. */
enum class Refusal : int32_t {
  none,
  version,
  flag,
  size,
  tooLarge,
  intsEnded,
  realsEnded,
  leftOver,
  range,
  gatePlace,
  linearPlace,
  program,
  grid,
  segments,
  sampleAt,
  rowWeight,
  setting,
  prior,
  memory,
};

/** Sizes beyond these are mistakes: a cohort of them would not fit any memory. */
struct Limits {
  static constexpr int32_t points = 1 << 20, features = 1 << 14, depth = 64, width = 1 << 13, gates = 64, parameters = 256,
                           segments = 1 << 12, replicas = 1 << 14, program = 1 << 18;
  /** Numbers of one layer over all points: products of sizes stay within 32 bits. */
  static constexpr int64_t activations = int64_t{1} << 27, theta = int64_t{1} << 27;
};

struct Description {
  Shape shape;
  int32_t replicas = 0;
  const Member* member = nullptr;
};

class DescriptionReader {
public:
  DescriptionReader(Arena& arena, const int32_t* ints, size_t nInts, const double* reals, size_t nReals)
      : arena_(arena), ints_(ints), intsLeft_(nInts), reals_(reals), realsLeft_(nReals) {}

  Refusal read(Description& description) {
    readShape(description);
    if (refusal_ == Refusal::none) readMembers(description);
    if (refusal_ == Refusal::none && (intsLeft_ != 0 || realsLeft_ != 0)) refuse(Refusal::leftOver);
    return refusal_;
  }

private:
  void readShape(Description& description) {
    const int32_t* header = takeInts(HEADER_INTS);
    if (header == nullptr) return;
    if (header[0] != DESCRIPTION_VERSION) return refuse(Refusal::version);
    Shape& shape = description.shape;
    NetworkShape& network = shape.network;
    HeadShape& head = shape.head;
    const bool flags = within(header[1], 0, 1) && within(header[8], 0, 1) && within(header[9], 0, 1) && within(header[10], 0, 1);
    if (!flags || !within(header[2], 0, 3)) return refuse(Refusal::flag);
    if (!within(header[3], 2, Limits::points) || !within(header[4], 2, header[3]) || !within(header[5], 1, Limits::features) ||
        !within(header[6], 1, Limits::depth) || !within(header[7], 1, Limits::width) || !within(header[11], 0, Limits::gates) ||
        !within(header[12], 0, Limits::parameters) || !within(header[13], 0, Limits::parameters) || !within(header[14], 0, header[12]) ||
        !within(header[15], 0, header[1] == 1 ? header[11] : 0) || !within(header[16], 1, Limits::segments) ||
        !within(header[17], 0, header[12]) || !within(header[18], 0, header[1] == 1 ? header[11] : 0) ||
        !within(header[19], 1, Limits::replicas))
      return refuse(Refusal::size);
    const bool integrated = header[1] == 1;
    const int32_t gates = header[11];
    head.programs = {gates, integrated ? 1 : 1 + gates, header[12], header[13], header[14], header[18], integrated};
    head.points = network.points = header[3];
    head.samples = header[4];
    head.segments = header[16];
    head.freeGates = header[15] * header[16];
    network.activation = static_cast<Activation>(header[2]);
    network.features = header[5];
    network.depth = header[6];
    network.width = header[7];
    network.outputs = integrated ? 1 : 1 + gates;
    network.modified = header[8] == 1;
    network.factorised = header[9] == 1;
    head.priors = header[17];
    description.replicas = header[19];
    layOut(shape, header[10] == 1);
    readTables(head);
    readPrograms(head);
  }

  /** Offsets of theta, as layout.ts. */
  void layOut(Shape& shape, bool trainableScale) {
    NetworkShape& network = shape.network;
    Layer* layer = arena_.take<Layer>(network.depth + 1);
    if (layer == nullptr) return refuse(Refusal::memory);
    int64_t offset = 0;
    auto place = [&](int32_t inputs, int32_t outputs) {
      const int64_t biases = offset + int64_t{inputs} * outputs;
      const int64_t scales = biases + outputs;
      const Layer placed{inputs, outputs, static_cast<int32_t>(offset), static_cast<int32_t>(biases),
                         network.factorised ? static_cast<int32_t>(scales) : -1};
      offset = scales + (network.factorised ? outputs : 0);
      return placed;
    };
    for (int32_t l = 0; l <= network.depth && offset < Limits::theta; l++)
      layer[l] = place(l == 0 ? 2 * network.features : network.width, l == network.depth ? network.outputs : network.width);
    for (int32_t e = 0; e < 2 && network.modified && offset < Limits::theta; e++)
      network.encoder[e] = place(2 * network.features, network.width);
    const int64_t widest = larger(larger(2 * network.features, network.width), network.outputs);
    if (offset >= Limits::theta || widest * network.points > Limits::activations) return refuse(Refusal::tooLarge);
    network.layer = layer;
    network.size = static_cast<int32_t>(offset);
    shape.parameterOffset = network.size;
    const int32_t tail = shape.head.programs.inferred + shape.head.freeGates;
    network.scalePlace = trainableScale ? network.size + tail : -1;
    shape.thetaSize = network.size + tail + (trainableScale ? 1 : 0);
  }

  void readTables(HeadShape& head) {
    const ProgramShape& sizes = head.programs;
    const int32_t* positive = takeInts(sizes.inferred);
    const int32_t* freeGate = takeInts(sizes.gates);
    const int32_t* logarithmic = takeInts(sizes.gates);
    const int32_t* read = takeInts(sizes.read);
    const int32_t* linear = takeInts(sizes.linear);
    const double* range = takeReals(2 * sizes.inferred);
    const double* gateRange = takeReals(2 * sizes.gates);
    ParameterRange* ranges = arena_.take<ParameterRange>(sizes.inferred);
    if (ranges == nullptr) return refuse(Refusal::memory);
    if (refusal_ != Refusal::none) return;
    for (int32_t p = 0; p < sizes.inferred; p++) {
      ranges[p] = {range[2 * p], range[2 * p + 1], positive[p] == 1};
      const bool finite = __builtin_isfinite(ranges[p].low) && __builtin_isfinite(ranges[p].high);
      if (!finite || !(ranges[p].low < ranges[p].high) || (ranges[p].positive && !(ranges[p].low > 0))) return refuse(Refusal::range);
    }
    readGateRanges(gateRange, logarithmic, head);
    checkGatePlaces(freeGate, sizes.gates, head.freeGates / head.segments);
    for (int32_t k = 0; k < sizes.linear; k++)
      if (!within(linear[k], 0, sizes.inferred - 1) || contains(linear, k, linear[k])) return refuse(Refusal::linearPlace);
    head.ranges = ranges;
    head.freeGate = copied(freeGate, sizes.gates);
    for (int32_t d = 0; d < sizes.read; d++)
      if (!within(read[d], d == 0 ? 0 : read[d - 1] + 1, sizes.gates - 1)) return refuse(Refusal::gatePlace);
    head.read = copied(read, sizes.read);
    head.projected = copied(linear, sizes.linear);
  }

  void readGateRanges(const double* range, const int32_t* logarithmic, HeadShape& head) {
    GateRange* gates = arena_.take<GateRange>(head.programs.gates);
    if (gates == nullptr) return refuse(Refusal::memory);
    for (int32_t g = 0; g < head.programs.gates; g++) {
      gates[g] = {range[2 * g], range[2 * g + 1], logarithmic[g] == 1};
      const bool finite = __builtin_isfinite(gates[g].low) && __builtin_isfinite(gates[g].high);
      if (!finite || !(gates[g].low < gates[g].high) || (gates[g].positive && !(gates[g].low > 0))) return refuse(Refusal::range);
    }
    head.gateRanges = gates;
  }

  /** Every free gate has exactly one place of 0 .. freeGates - 1. */
  void checkGatePlaces(const int32_t* place, int32_t gates, int32_t freeGates) {
    int32_t found = 0;
    for (int32_t g = 0; g < gates; g++) {
      if (!within(place[g], -1, freeGates - 1) || (place[g] >= 0 && contains(place, g, place[g]))) return refuse(Refusal::gatePlace);
      if (place[g] >= 0) found += 1;
    }
    if (found != freeGates) refuse(Refusal::gatePlace);
  }

  void readPrograms(HeadShape& head) {
    for (int32_t role = 0; role < PROGRAM_COUNT && refusal_ == Refusal::none; role++) {
      const int32_t* sizes = takeInts(3);
      if (sizes == nullptr) return;
      if (!within(sizes[0], 0, Limits::program) || !within(sizes[1], 0, Limits::program) || !within(sizes[2], 0, Limits::program))
        return refuse(Refusal::program);
      Program& program = head.program[role];
      program.length = sizes[0];
      program.constantCount = sizes[1];
      program.outputCount = sizes[2];
      program.code = copied(takeInts(3 * int64_t{sizes[0]}), 3 * int64_t{sizes[0]});
      program.outputs = copied(takeInts(sizes[2]), sizes[2]);
      program.constants = copied(takeReals(sizes[1]), sizes[1]);
      if (refusal_ != Refusal::none) return;
      if (!isValid(program, head.programs.slots(), head.programs.outputs(static_cast<ProgramRole>(role)))) refuse(Refusal::program);
    }
  }

  void readMembers(Description& description) {
    Member* member = arena_.take<Member>(description.replicas);
    if (member == nullptr) return refuse(Refusal::memory);
    description.member = member;
    for (int32_t r = 0; r < description.replicas && refusal_ == Refusal::none; r++) readMember(description.shape, member[r]);
  }

  void readMember(const Shape& shape, Member& member) {
    member = Member{};
    Recording& recording = member.recording;
    const int32_t M = shape.head.points, N = shape.head.samples;
    const int32_t* settings = takeInts(2);
    recording.starts = copied(takeInts(shape.head.segments), shape.head.segments);
    recording.sampleAt = copied(takeInts(N), N);
    const int32_t* priorPlaces = takeInts(2 * shape.head.priors);
    member.frequency = copied(takeReals(shape.network.features), shape.network.features);
    recording.gridMs = copied(takeReals(M), M);
    recording.voltageMv = copied(takeReals(N), N);
    recording.current = copied(takeReals(M), M);
    recording.drivenMv = copied(takeReals(M), M);
    recording.drivenRate = copied(takeReals(M), M);
    recording.dataWeight = copied(takeReals(N), N);
    recording.currentWeight = copied(takeReals(M), M);
    recording.gatesWeight = copied(takeReals(M), M);
    recording.others = copied(takeReals(shape.head.programs.others), shape.head.programs.others);
    const double* weights = takeReals(5);
    const double* priorScales = takeReals(2 * shape.head.priors);
    member.theta = copied(takeReals(shape.thetaSize), shape.thetaSize);
    if (refusal_ != Refusal::none) return;
    if (!within(settings[0], 0, 1) || !within(settings[1], 0, 2) || !(weights[3] > 0) || !(weights[4] >= 0))
      return refuse(Refusal::setting);
    recording.estimateNoise = settings[0] == 1;
    member.weighting = static_cast<Weighting>(settings[1]);
    member.weights = {weights[0], weights[1], weights[2]};
    recording.huberMv = weights[3];
    recording.priorWeight = weights[4];
    readPriors(shape.head, priorPlaces, priorScales, recording);
    checkRecording(recording, shape.head);
  }

  void readPriors(const HeadShape& shape, const int32_t* places, const double* scales, Recording& recording) {
    Prior* prior = arena_.take<Prior>(shape.priors);
    if (prior == nullptr) return refuse(Refusal::memory);
    for (int32_t r = 0; r < shape.priors; r++) {
      prior[r] = {places[2 * r], places[2 * r + 1] == 1, scales[2 * r], scales[2 * r + 1]};
      const bool fits = within(prior[r].parameter, 0, shape.programs.inferred - 1) && prior[r].sd > 0;
      if (!fits || (prior[r].logarithmic && !shape.ranges[prior[r].parameter].positive)) return refuse(Refusal::prior);
    }
    recording.priors = prior;
  }

  void checkRecording(const Recording& recording, const HeadShape& shape) {
    const int32_t M = shape.points, N = shape.samples;
    for (int32_t s = 0; s < shape.segments; s++)
      if (s == 0 ? recording.starts[0] != 0 : !within(recording.starts[s], recording.starts[s - 1] + 1, M - 1))
        return refuse(Refusal::segments);
    for (int32_t p = 0; p < M; p++) {
      const bool later = p == 0 || recording.gridMs[p] > recording.gridMs[p - 1];
      if (!__builtin_isfinite(recording.gridMs[p]) || !later) return refuse(Refusal::grid);
    }
    for (int32_t i = 0; i < N; i++) {
      const int32_t before = i == 0 ? -1 : recording.sampleAt[i - 1];
      if (!within(recording.sampleAt[i], before + 1, M - 1)) return refuse(Refusal::sampleAt);
    }
    if (!areWeights(recording.dataWeight, N) || !areWeights(recording.currentWeight, M) || !areWeights(recording.gatesWeight, M))
      refuse(Refusal::rowWeight);
  }

  static bool areWeights(const double* weight, int32_t count) {
    for (int32_t i = 0; i < count; i++)
      if (!(weight[i] >= 0) || !__builtin_isfinite(weight[i])) return false;
    return true;
  }

  static bool within(int32_t value, int32_t low, int32_t high) { return value >= low && value <= high; }

  static bool contains(const int32_t* values, int32_t count, int32_t value) {
    for (int32_t i = 0; i < count; i++)
      if (values[i] == value) return true;
    return false;
  }

  const int32_t* takeInts(int64_t count) {
    if (refusal_ == Refusal::none && static_cast<uint64_t>(count) > intsLeft_) refuse(Refusal::intsEnded);
    if (refusal_ != Refusal::none) return nullptr;
    const int32_t* taken = ints_;
    ints_ += count;
    intsLeft_ -= static_cast<size_t>(count);
    return taken;
  }

  const double* takeReals(int64_t count) {
    if (refusal_ == Refusal::none && static_cast<uint64_t>(count) > realsLeft_) refuse(Refusal::realsEnded);
    if (refusal_ != Refusal::none) return nullptr;
    const double* taken = reals_;
    reals_ += count;
    realsLeft_ -= static_cast<size_t>(count);
    return taken;
  }

  /** The caller's arrays end with the call. */
  template <typename T> const T* copied(const T* from, int64_t count) {
    if (refusal_ != Refusal::none || from == nullptr) return nullptr;
    T* to = arena_.take<T>(count);
    if (to == nullptr) {
      refuse(Refusal::memory);
      return nullptr;
    }
    if (count > 0) __builtin_memcpy(to, from, static_cast<size_t>(count) * sizeof(T));
    return to;
  }

  void refuse(Refusal refusal) {
    if (refusal_ == Refusal::none) refusal_ = refusal;
  }

  Arena& arena_;
  const int32_t* ints_;
  size_t intsLeft_;
  const double* reals_;
  size_t realsLeft_;
  Refusal refusal_ = Refusal::none;
};

} // namespace loligo::inline LOLIGO_ISA
