import { testCutNets } from './cut-net-tests.ts';

testCutNets(['batchNorm', 'recurrent', 'quads']);
