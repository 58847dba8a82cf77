import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  // Relative, so that the built page works under any path.
  base: './',
  cacheDir: '.cache/vite',
  resolve: {
    // Whole names only: `chainrule` must not catch `chainrule/gradcheck`. The page imports what a user would.
    alias: [
      { find: /^chainrule$/, replacement: here('src/index.ts') },
      { find: /^chainrule\/gradcheck$/, replacement: here('src/gradcheck.ts') },
      { find: /^chainrule\/kernels$/, replacement: here('src/kernels.ts') },
    ],
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  worker: { format: 'es' },
  // Every dependency but one is an ES module and is served as it is. None is looked for: no page reload in the middle of a test.
  optimizeDeps: { noDiscovery: true, include: ['papaparse'] },
  build: {
    target: 'esnext',
    outDir: 'dist/lab',
    emptyOutDir: true,
    rolldownOptions: { input: { index: here('index.html'), verify: here('src/lab/verify.html') } },
  },
});
