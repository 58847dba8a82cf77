import { signal } from '@preact/signals';

type Rgb = readonly [number, number, number];

interface Palette {
  readonly ground: Rgb;
  readonly ink: string;
  readonly faint: string;
  readonly line: string;
  readonly smooth: string;
  readonly guessing: string;
  /** By class; from the third on told apart by their marks as well. No pair of red and green. */
  readonly classes: readonly Rgb[];
}

const light: Palette = {
  ground: [255, 255, 255], ink: '#1b2430', faint: '#dfe4ea', line: '#9db4d0', smooth: '#0b5cad', guessing: '#a85400',
  classes: [[11, 92, 173], [214, 106, 0], [111, 66, 160], [80, 90, 100]],
};

const dark: Palette = {
  ground: [21, 27, 35], ink: '#e6ebf1', faint: '#313b47', line: '#476587', smooth: '#6fb1f5', guessing: '#f0a04b',
  classes: [[90, 162, 240], [245, 150, 60], [180, 140, 235], [160, 170, 180]],
};

const scheme = matchMedia('(prefers-color-scheme: dark)');

/** Canvases cannot use the style sheet's light-dark(). */
export const palette = signal(scheme.matches ? dark : light);
scheme.addEventListener('change', () => { palette.value = scheme.matches ? dark : light; });

export function classColour({ classes }: Palette, index: number): Rgb {
  return classes[index % classes.length];
}

export const css = ([r, g, b]: Rgb, alpha = 1): string => `rgb(${r} ${g} ${b} / ${alpha})`;

export type { Palette, Rgb };
