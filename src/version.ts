/** The package's version, so that reports can name it: the same as in package.json. */
export const VERSION = '0.1.0';
