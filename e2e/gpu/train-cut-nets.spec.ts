import { testCutNets } from './cut-net-tests.ts';

testCutNets(['dropout', 'convolution', 'normalization', 'classes', 'attention', 'longAttention', 'muon']);
