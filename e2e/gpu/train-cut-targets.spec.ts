import { testCutNets } from './cut-net-tests.ts';

testCutNets(['masks', 'labels']);
