// wgsl-preprocessor 1.0.1 ships no types and no `exports`: this names the one function that we use.
declare module 'wgsl-preprocessor/wgsl-preprocessor.js' {
  export function wgsl(strings: TemplateStringsArray, ...values: unknown[]): string;
}
