// Written by npm run tune -- --write. Do not edit.

/** What was measured, where and when. */
export const MEASURED: readonly string[] = [
  'SwiftShader (google, software), Chrome 156, 2026-11-23',
];

/** Variants that beat the rules' choice, by adapter and by class of work (`sizeClass`). */
export const TABLE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'google swiftshader cpu': {
    'matmul: 1 epilogue, k 8, m 1, n 128': 'split',
    'matmul: k 1, m 8, n 128, rowSums, transposeA': 'register',
    'matmul: 1 epilogue, k 128, m 16, n 8, transposeB': 'split',
    'matmul: 1 epilogue, k 8, m 16, n 128': 'quad',
    'matmul: k 16, m 8, n 128, rowSums, transposeA': 'quad',
    'matmul: k 16, m 128, n 1024, rowSums, transposeA': 'quad-wide',
    'matmul: 1 epilogue, k 128, m 64, n 8, transposeB': 'quad-wide',
    'matmul: 1 epilogue, k 8, m 64, n 128': 'quad',
    'matmul: k 64, m 8, n 128, rowSums, transposeA': 'quad',
    'matmul: 2 epilogue, k 64, m 8, n 64, transposeB': 'quad',
    'matmul: k 8, m 8, n 64, rowSums, transposeA': 'quad',
    'matmul: 1 epilogue, k 64, m 8, n 64': 'quad',
    'matmul: k 8, m 64, n 64, rowSums, transposeA': 'quad',
    'matmul: 2 epilogue, k 64, m 32, n 64, transposeB': 'quad-wide',
    'matmul: 1 epilogue, k 8, m 32, n 64': 'quad',
    'matmul: k 32, m 8, n 64, rowSums, transposeA': 'quad',
    'matmul: 1 epilogue, k 64, m 32, n 64': 'quad-wide',
    'matmul: k 32, m 64, n 64, rowSums, transposeA': 'quad',
    'matmul: 1 epilogue, k 64, m 128, n 8, transposeB': 'quad',
    'matmul: 1 epilogue, k 8, m 128, n 64': 'quad-wide',
    'matmul: k 128, m 8, n 64, rowSums, transposeA': 'quad',
    'matmul: k 128, m 64, n 64, rowSums, transposeA': 'quad-wide',
    'matmul: 2 epilogue, k 128, m 32, n 64, transposeB': 'quad-wide',
  },
};
