/**
 * What the two heads in double (network_head.hpp, integrated_head.hpp) open alike: their programs, the current along the points, and what
 * their views say of the residuals.
 */
#pragma once

#include "head.hpp"
#include "linearisation.hpp"
#include "residual_rows.hpp"
#include "tape.hpp"

namespace loligo::inline LOLIGO_ISA {

struct HeadTapes {
  Tape<double> residuals, jacobian, linear;

  /** Over at most `block` vectors of points at a time. */
  bool open(Arena& arena, const HeadShape& shape, int block) {
    const ProgramShape& sizes = shape.programs;
    Tape<double>* tapes[] = {&residuals, &jacobian, &linear};
    const ProgramRole roles[] = {ProgramRole::residuals, ProgramRole::jacobian, ProgramRole::linear};
    for (int i = 0; i < 3; i++)
      if (!tapes[i]->open(arena, shape.program[static_cast<int>(roles[i])], sizes.slots(), sizes.firstScalar(), block)) return false;
    return true;
  }
};

/** [count][size] */
inline double** takeRows(Arena& arena, int64_t count, int64_t size) {
  double** rows = arena.take<double*>(count);
  for (int64_t i = 0; i < count && !arena.exhausted(); i++) rows[i] = arena.take<double>(size);
  return rows;
}

/** [paddedArray(M)], the last point's repeated in the padding; null when there is no room. */
inline double* paddedCurrent(Arena& arena, const HeadShape& shape, const Recording& recording) {
  const int64_t size = paddedArray<double>(shape.points);
  double* current = arena.take<double>(size);
  for (int64_t p = 0; p < size && !arena.exhausted(); p++) current[p] = recording.current[smaller<int64_t>(p, shape.points - 1)];
  return current;
}

/** The view of a head without gates of its own; `columns` [count][rows], the first of which is theta's at `place`. */
inline HeadView viewOf(const HeadShape& shape, const Recording& recording, const ResidualRows& rows, double** columns, size_t count,
                       size_t place) {
  HeadView view;
  view.samples = size_t(shape.samples);
  view.points = size_t(shape.points);
  view.rows = size_t(rows.count());
  view.voltageScale = VOLTAGE_SCALE;
  view.sampleAt = recording.sampleAt;
  view.residual = rows.residual();
  view.columns = columns;
  view.columnCount = count;
  view.columnPlace = place;
  return view;
}

} // namespace loligo::inline LOLIGO_ISA
