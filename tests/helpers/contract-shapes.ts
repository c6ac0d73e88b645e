/** Shapes that differ in all that a kernel is written for: model, states, layers, samples, segments, priors. */
import type { Shape } from '../../worker/engines/engine.ts';
import { shapeOf } from './engine-cohorts.ts';

const HH_ALL = ['gNa', 'gK', 'gL', 'ENa', 'EK', 'EL', 'C'];
const RS_ALL = ['gNa', 'gK', 'gM', 'gL', 'ENa', 'EK', 'EL', 'VT'];
export const SHAPES: Readonly<Record<string, Shape>> = {
  'hodgkin-huxley network 2x16': shapeOf('hodgkin-huxley'),
  'hodgkin-huxley network 3x32, two points per sample': shapeOf('hodgkin-huxley', {
    depth: 3,
    width: 32,
    features: 32,
    samples: 101,
    perSample: 2,
  }),
  'hodgkin-huxley network, every parameter': shapeOf('hodgkin-huxley', { infer: HH_ALL, width: 17, features: 3, samples: 64 }),
  'hodgkin-huxley network, smallest': shapeOf('hodgkin-huxley', { infer: ['gK'], depth: 1, width: 1, features: 1, samples: 2 }),
  'hodgkin-huxley network, sine': shapeOf('hodgkin-huxley', { activation: 'sin', depth: 3, samples: 65 }),
  'hodgkin-huxley integrated 2x32': shapeOf('hodgkin-huxley', { states: 'integrated', width: 32, features: 24, samples: 127 }),
  'hodgkin-huxley integrated, every parameter, two points per sample': shapeOf('hodgkin-huxley', {
    states: 'integrated',
    infer: HH_ALL,
    depth: 4,
    width: 7,
    samples: 33,
    perSample: 2,
  }),
  'hodgkin-huxley integrated, smallest': shapeOf('hodgkin-huxley', {
    states: 'integrated',
    infer: ['EL'],
    depth: 1,
    width: 2,
    features: 1,
    samples: 2,
  }),
  'pospischil-rs network': shapeOf('pospischil-rs', { infer: ['gNa', 'gK', 'gM'], width: 31, samples: 63 }),
  'pospischil-rs network, every parameter, sine': shapeOf('pospischil-rs', {
    infer: RS_ALL,
    activation: 'sin',
    features: 5,
    samples: 50,
    perSample: 2,
  }),
  'pospischil-rs integrated': shapeOf('pospischil-rs', { states: 'integrated', infer: ['gNa', 'VT'], depth: 3, width: 33, samples: 66 }),
  'pospischil-rs integrated, every parameter': shapeOf('pospischil-rs', {
    states: 'integrated',
    infer: RS_ALL,
    width: 20,
    samples: 95,
    perSample: 2,
  }),
  'hodgkin-huxley network, two segments': shapeOf('hodgkin-huxley', { segments: 2, perSample: 2 }),
  'pospischil-rs integrated, three segments, steady and free gates': shapeOf('pospischil-rs', {
    states: 'integrated',
    infer: ['gNa', 'VT'],
    segments: 3,
    samples: 70,
    perSample: 2,
  }),
  'hodgkin-huxley integrated, two segments, every initial gate free': shapeOf('hodgkin-huxley', {
    states: 'integrated',
    initialGates: 'free',
    segments: 2,
    samples: 39,
  }),
  'hodgkin-huxley network, priors': shapeOf('hodgkin-huxley', { infer: HH_ALL, priors: 5 }),
  'pospischil-rs integrated, priors, two segments': shapeOf('pospischil-rs', {
    states: 'integrated',
    infer: RS_ALL,
    priors: 8,
    segments: 2,
  }),
};
