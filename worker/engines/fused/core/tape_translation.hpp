/**
 * From a program to the steps that a tape executes (tape.hpp), when the tape is opened. What depends on scalars only is set apart; dead
 * code is dropped; what is divided by more than once is inverted instead; a sum, difference, product or quotient that only one other reads
 * becomes one step with it; exprel and its slope become one; and rows are given by liveness, so that they stay few.
 */
#pragma once

#include "arena.hpp"
#include "program.hpp"

namespace loligo::inline LOLIGO_ISA {

/**
 * Steps beyond the opcodes of programs. From `pair` on two instructions in one, (a first b) second c: pair + 6 first + second, where first
 * is the place of its opcode after `add`, and so is second but for c second (a first b): 4 is c - ..., 5 is c / ...
 */
enum class TapeStep : int32_t { square = 16, cube = 17, reciprocal = 18, exprelAndSlope = 19, pair = 20 };
inline constexpr int32_t PAIRS = 6;

/** Row d becomes op(a, b, c): numbers of rows; b is the exponent of a power, and the second row written by exprelAndSlope. */
struct Step {
  int32_t op, d, a, b, c;
};

/** A register that depends on scalars only: a and b are places among the scalars, a an input's scalar slot. row -1: no step reads it. */
struct Scalar {
  int32_t op, a, b, row;
  double value;
};

inline bool isBinary(Opcode op) { return op >= Opcode::add && op <= Opcode::div; }
inline bool isLeaf(Opcode op) { return op == Opcode::input || op == Opcode::constant; }
inline int32_t placeOf(Opcode binary) { return static_cast<int32_t>(binary) - static_cast<int32_t>(Opcode::add); }

/** Registers that differ between points. */
inline void findVarying(const Program& program, int32_t firstScalar, bool* varying) {
  for (int32_t i = 0; i < program.length; i++) {
    const int32_t* at = program.code + 3 * i;
    const Opcode op = static_cast<Opcode>(at[0]);
    if (op == Opcode::input)
      varying[i] = at[1] < firstScalar;
    else
      varying[i] = op != Opcode::constant && (varying[at[1]] || (isBinary(op) && varying[at[2]]));
  }
}

/** The program with one inversion and products in the place of several divisions by one register. */
inline bool invertDivisors(Arena& arena, const Program& program, int32_t firstScalar, Program& result) {
  const int32_t n = program.length;
  bool* varying = arena.take<bool>(n);
  int32_t* divisions = arena.take<int32_t>(n);
  int32_t* inverse = arena.take<int32_t>(n);
  int32_t* place = arena.take<int32_t>(n);
  int32_t* code = arena.take<int32_t>(6 * int64_t{n});
  int32_t* outputs = arena.take<int32_t>(program.outputCount);
  if (arena.exhausted()) return false;
  findVarying(program, firstScalar, varying);
  const auto opcode = [&](int32_t i) { return static_cast<Opcode>(program.code[3 * i]); };
  for (int32_t i = 0; i < n; i++)
    if (opcode(i) == Opcode::div) divisions[program.code[3 * i + 2]]++;
  int32_t length = 0;
  const auto write = [&](int32_t op, int32_t a, int32_t b) {
    int32_t* to = code + 3 * length;
    to[0] = op;
    to[1] = a;
    to[2] = b;
    return length++;
  };
  for (int32_t i = 0; i < n; i++) {
    const int32_t *at = program.code + 3 * i, a = at[1], b = at[2];
    if (isLeaf(opcode(i)))
      place[i] = write(at[0], a, b);
    else if (opcode(i) == Opcode::div && varying[b] && divisions[b] > 1) {
      // register 0 is a leaf: no inverse stands there
      if (inverse[b] == 0) inverse[b] = write(static_cast<int32_t>(TapeStep::reciprocal), place[b], 0);
      const bool one = opcode(a) == Opcode::constant && program.constants[program.code[3 * a + 1]] == 1;
      place[i] = one ? inverse[b] : write(static_cast<int32_t>(Opcode::mul), place[a], inverse[b]);
    } else
      place[i] = write(at[0], place[a], isBinary(opcode(i)) ? place[b] : b);
  }
  for (int32_t k = 0; k < program.outputCount; k++) outputs[k] = place[program.outputs[k]];
  result = {code, length, program.constants, program.constantCount, outputs, program.outputCount};
  return true;
}

class TapeTranslation {
public:
  bool open(Arena& arena, const Program& original, int32_t slots, int32_t firstScalar) {
    if (!invertDivisors(arena, original, firstScalar, program_)) return false;
    const int32_t n = program_.length;
    inputs = arena.take<int32_t>(slots);
    outputs = arena.take<int32_t>(program_.outputCount);
    steps = arena.take<Step>(n);
    scalars = arena.take<Scalar>(n);
    bool** flags[] = {&live_, &varying_, &pair_};
    for (bool** flag : flags) *flag = arena.take<bool>(n);
    int32_t** numbers[] = {&uses_, &lastUse_, &fusedInto_, &row_, &scalar_, &twin_, &free_};
    for (int32_t** number : numbers) *number = arena.take<int32_t>(n);
    if (arena.exhausted()) return false;
    for (int32_t s = 0; s < slots; s++) inputs[s] = -1;
    for (int32_t i = 0; i < n; i++) fusedInto_[i] = row_[i] = scalar_[i] = lastUse_[i] = twin_[i] = -1;
    findVarying(program_, firstScalar, varying_);
    findLive();
    takeScalars(firstScalar);
    pairUp();
    findTwins();
    findLastUses();
    writeSteps();
    outputCount = program_.outputCount;
    for (int32_t k = 0; k < outputCount; k++) outputs[k] = row_[program_.outputs[k]];
    return true;
  }

  Step* steps = nullptr;
  int32_t stepCount = 0;
  Scalar* scalars = nullptr;
  int32_t scalarCount = 0;
  int32_t* inputs = nullptr;  // row of each slot, -1: not read
  int32_t* outputs = nullptr; // row of each output
  int32_t outputCount = 0;
  int32_t rows = 0;

private:
  Opcode opcode(int32_t i) const { return static_cast<Opcode>(program_.code[3 * i]); }
  int32_t left(int32_t i) const { return program_.code[3 * i + 1]; }
  int32_t right(int32_t i) const { return program_.code[3 * i + 2]; }
  bool isVarying(int32_t i) const { return live_[i] && varying_[i]; }
  /** Not an input, and not computed in another's step. */
  bool isStep(int32_t i) const { return isVarying(i) && opcode(i) != Opcode::input && fusedInto_[i] < 0 && twin_[i] != i; }

  void findLive() {
    const auto read = [&](int32_t i) {
      live_[i] = true;
      uses_[i]++;
    };
    for (int32_t k = 0; k < program_.outputCount; k++) read(program_.outputs[k]);
    for (int32_t i = program_.length - 1; i >= 0; i--) {
      if (!live_[i] || isLeaf(opcode(i))) continue;
      read(left(i));
      if (isBinary(opcode(i))) read(right(i));
    }
  }

  void takeScalars(int32_t firstScalar) {
    for (int32_t i = 0; i < program_.length; i++) {
      if (!live_[i] || varying_[i]) continue;
      scalar_[i] = scalarCount;
      Scalar& scalar = scalars[scalarCount++];
      scalar = {program_.code[3 * i], left(i), right(i), -1, 0};
      if (opcode(i) == Opcode::input)
        scalar.a = left(i) - firstScalar;
      else if (opcode(i) == Opcode::constant)
        scalar.value = program_.constants[left(i)];
      else {
        scalar.a = scalar_[left(i)];
        if (isBinary(opcode(i))) scalar.b = scalar_[right(i)];
      }
    }
  }

  /** What one binary instruction reads, and nothing else, is computed there; two at most. */
  void pairUp() {
    const auto fusible = [&](int32_t i) { return isVarying(i) && isBinary(opcode(i)) && uses_[i] == 1 && !pair_[i]; };
    for (int32_t i = 0; i < program_.length; i++) {
      if (!isVarying(i) || !isBinary(opcode(i))) continue;
      const int32_t absorbed = fusible(left(i)) ? left(i) : fusible(right(i)) ? right(i) : -1;
      if (absorbed < 0) continue;
      fusedInto_[absorbed] = i;
      pair_[i] = true;
    }
  }

  /**
   * exprel and its slope come together nearly always, and cost together what the slope costs. Of the first `twin` is the second, of the
   * second itself.
   */
  void findTwins() {
    for (int32_t i = 0; i < program_.length; i++) {
      if (!isVarying(i) || (opcode(i) != Opcode::exprel && opcode(i) != Opcode::exprelSlope)) continue;
      // lastUse_ holds the first that was seen, until it is needed for itself
      int32_t& seen = lastUse_[left(i)];
      if (seen < 0)
        seen = i;
      else if (twin_[seen] < 0 && opcode(seen) != opcode(i))
        twin_[seen] = twin_[i] = i;
    }
    for (int32_t i = 0; i < program_.length; i++) lastUse_[i] = -1;
  }

  /** Registers that step i reads from rows. */
  template <typename Use> void eachRead(int32_t i, Use use) {
    const auto read = [&](int32_t operand) {
      if (fusedInto_[operand] != i) return use(operand);
      use(left(operand));
      use(right(operand));
    };
    read(left(i));
    if (isBinary(opcode(i))) read(right(i));
  }

  void findLastUses() {
    for (int32_t i = 0; i < program_.length; i++)
      if (isStep(i))
        eachRead(i, [&](int32_t operand) {
          lastUse_[operand] = i;
          claim(operand);
        });
    for (int32_t k = 0; k < program_.outputCount; k++) {
      lastUse_[program_.outputs[k]] = program_.length;
      claim(program_.outputs[k]);
    }
  }

  /** Scalars that a step or an output reads, and inputs, have rows of their own all the time; inputs of one slot share theirs. */
  void claim(int32_t i) {
    if (row_[i] >= 0) return;
    if (!varying_[i])
      scalars[scalar_[i]].row = row_[i] = rows++;
    else if (opcode(i) == Opcode::input) {
      if (inputs[left(i)] < 0) inputs[left(i)] = rows++;
      row_[i] = inputs[left(i)];
    }
  }

  void writeSteps() {
    int32_t freeCount = 0;
    const auto given = [&] { return freeCount > 0 ? free_[--freeCount] : rows++; };
    for (int32_t i = 0; i < program_.length; i++) {
      if (!isStep(i)) continue;
      Step& step = steps[stepCount++];
      step = stepOf(i);
      // a step may write where it reads: vector by vector, it reads first
      eachRead(i, [&](int32_t operand) {
        if (lastUse_[operand] != i || !varying_[operand] || opcode(operand) == Opcode::input) return;
        lastUse_[operand] = -1;
        free_[freeCount++] = row_[operand];
      });
      step.d = row_[i] = given();
      if (const int32_t twin = twin_[i]; twin >= 0) {
        row_[twin] = given();
        const bool slopeFirst = opcode(i) == Opcode::exprelSlope;
        step = {static_cast<int32_t>(TapeStep::exprelAndSlope), row_[slopeFirst ? twin : i], step.a, row_[slopeFirst ? i : twin], 0};
      }
    }
  }

  Step stepOf(int32_t i) const {
    const int32_t a = row_[left(i)];
    if (opcode(i) == Opcode::power) {
      const int32_t exponent = right(i);
      if (exponent == 2) return {static_cast<int32_t>(TapeStep::square), -1, a, 0, 0};
      if (exponent == 3) return {static_cast<int32_t>(TapeStep::cube), -1, a, 0, 0};
      return {program_.code[3 * i], -1, a, exponent, 0};
    }
    if (!isBinary(opcode(i))) return {program_.code[3 * i], -1, a, 0, 0};
    if (!pair_[i]) return {program_.code[3 * i], -1, a, row_[right(i)], 0};
    const bool first = fusedInto_[left(i)] == i;
    const int32_t inner = first ? left(i) : right(i);
    const int32_t outer = placeOf(opcode(i)), turned = outer == 1 ? 4 : outer == 3 ? 5 : outer;
    const int32_t op = static_cast<int32_t>(TapeStep::pair) + PAIRS * placeOf(opcode(inner)) + (first ? outer : turned);
    return {op, -1, row_[left(inner)], row_[right(inner)], row_[first ? right(i) : left(i)]};
  }

  Program program_;
  /** of each register */
  bool *live_ = nullptr, *varying_ = nullptr;
  bool* pair_ = nullptr;         // has drawn another one in
  int32_t* uses_ = nullptr;      // reads by live instructions and outputs
  int32_t* lastUse_ = nullptr;   // the last step that reads it
  int32_t* fusedInto_ = nullptr; // the instruction that this one was drawn into, or -1
  int32_t* row_ = nullptr;       // -1: none yet
  int32_t* scalar_ = nullptr;    // place among the scalars
  int32_t* twin_ = nullptr;
  int32_t* free_ = nullptr; // rows that may be given again
};

} // namespace loligo::inline LOLIGO_ISA
