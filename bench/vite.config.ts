import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** `chainrule` means the sources beside this folder. */
export const alias = [
  { find: /^chainrule$/, replacement: here('../src/index.ts') },
  { find: /^chainrule\/kernels$/, replacement: here('../src/kernels.ts') },
];

export default defineConfig({
  root: here('.'),
  base: './',
  resolve: { alias },
  worker: { format: 'es' },
  build: {
    target: 'esnext', outDir: '.cache/page', emptyOutDir: true, modulePreload: false, chunkSizeWarningLimit: 4096,
    rolldownOptions: { input: { page: here('page/index.html'), startup: here('startup/index.html') } },
  },
  preview: { host: '127.0.0.1', port: 0, strictPort: true, open: false },
});
