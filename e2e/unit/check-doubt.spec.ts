import { test } from 'playwright/test';
import { doubtCases } from '../checker/cases-doubt.ts';

// The cases that also run against every bug planted in the checker.
for (const { name, run } of doubtCases) test(name, run);
