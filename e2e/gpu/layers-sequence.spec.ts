import { expect, test } from '../harness.ts';

// Recurrent layers and transformer blocks in whole small nets: every gradient proven, parameters named as PyTorch names them.

type Kit = typeof import('./page-kit.ts');

test('recurrent nets: two directions and layers, dropout, states that are given and go on, long runs in reverse: all gradients proven', async ({ run }) => {
  const found = await run(async (lib) => {
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const { adam, add, concat, dataset, gru, linear, lstm, module, mse, narrow, reshape, rnn, sequential } = lib.chainrule;
    const [time, width] = [5, 3];
    const data = dataset({ inputs: lib.gradcheck.normals(3, [12, time, width]).data as Float32Array, inputShape: [time, width], targets: lib.gradcheck.normals(5, [12, time, 2]).data as Float32Array, targetShape: [time, 2] });
    const models = {
      lstm: module({ encoder: lstm(width, 4, { numLayers: 2, bidirectional: true, dropout: 0.25, returnState: true }), decoder: lstm(width, 4, { numLayers: 2, bidirectional: true, returnState: true }), head: linear(8, 2) },
        ({ encoder, decoder, head }, x) => {
          const { hidden, cell } = encoder(x);
          const { output } = decoder(x, { hidden, cell: cell! });
          return head(output);
        }, { inputShape: [time, width] }),
      gru: sequential(gru(width, 5, { numLayers: 2, dropout: 0.5 }), linear(5, 2)),
      // The last state is the start of a second pass, and of every place's answer.
      rnn: module({ first: rnn(width, 4, { nonlinearity: 'relu', bidirectional: true, bias: false, returnState: true }), second: rnn(8, 4, { returnState: true }), head: linear(4, 2) }, ({ first, second, head }, x) => {
        const { output, hidden } = first(x);
        const again = second(output, { hidden: narrow(hidden, 0, 1, 1) });
        return head(add(again.output, reshape(concat([again.hidden], 0), [x.shape[0]!, 1, 4])));
      }, { inputShape: [time, width] }),
    };
    const results = [];
    for (const [name, model] of Object.entries(models)) {
      await using trainer = await compileShared(model, { loss: mse(), optimizer: adam({ lr: 0.01 }), batchSize: 4, seed: 5, inputShape: [time, width] });
      const { epochs } = await trainer.fit(data, { epochs: 4 });
      const report = await lib.gradcheck.checkGradients(trainer);
      results.push({ name, names: Object.keys((await trainer.state()).parameters), passed: report.passed, proven: report.proven, total: report.total, text: String(report), losses: epochs.map(({ loss }) => loss) });
    }
    return results;
  });
  for (const { name, passed, proven, total, text, losses } of found) {
    expect(passed, `${name}\n${text}`).toBe(true);
    expect(proven, name).toBe(total);
    expect(losses.at(-1), name).toBeLessThan(losses[0]!);
  }
  const part = (prefix: string, ends: readonly string[]): string[] => ends.flatMap((end) => ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'].map((name) => `${prefix}.${name}_${end}`));
  const both = ['l0', 'l0_reverse', 'l1', 'l1_reverse'];
  expect(found[0]!.names).toEqual([...part('encoder', both), ...part('decoder', both), 'head.weight', 'head.bias']);
  expect(found[1]!.names).toEqual([...part('0', ['l0', 'l1']), '1.weight', '1.bias']);
  expect(found[2]!.names.slice(0, 4)).toEqual(['first.weight_ih_l0', 'first.weight_hh_l0', 'first.weight_ih_l0_reverse', 'first.weight_hh_l0_reverse']);
});

test('a state that is given goes on where it ended: two halves of a sequence give what the whole gives', async ({ run }) => {
  const found = await run(async (lib) => {
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const { concat, gru, lstm, module, mse, narrow, sgd, sub } = lib.chainrule;
    const largest = [];
    for (const cells of [lstm(3, 4, { numLayers: 2, returnState: true }), gru(3, 4, { returnState: true })]) {
      const model = module({ cells }, ({ cells }, x) => {
        const first = cells(narrow(x, 1, 0, 2));
        const second = cells(narrow(x, 1, 2, 5), { hidden: first.hidden, ...(first.cell ? { cell: first.cell } : {}) });
        return sub(cells(x).output, concat([first.output, second.output], 1));
      }, { inputShape: [7, 3] });
      await using trainer = await compileShared(model, { loss: mse(), optimizer: sgd(), batchSize: 2, inputShape: [7, 3] });
      largest.push(Math.max(...(await trainer.predict(lib.gradcheck.normals(7, [2, 7, 3]).data as Float32Array)).map(Math.abs)));
    }
    return largest;
  });
  for (const difference of found) expect(difference).toBeLessThan(1e-6);
});

test('transformers: encoder and decoder, causal blocks, grouped queries, rotary positions, both norms, recomputed: all gradients proven', async ({ run }) => {
  const found = await run(async (lib) => {
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const { adam, crossEntropy, dataset, embedding, layerNorm, linear, module, positionalEmbedding, recompute, sequential, transformerDecoderLayer, transformerEncoderLayer } = lib.chainrule;
    const [time, classes, width] = [6, 7, 8];
    const tokens = Uint32Array.from({ length: 12 * time }, (_, i) => (i * i + 3 * i + (i >> 2)) % classes);
    const data = dataset({ inputs: tokens, inputType: 'u32', inputShape: [time], targets: tokens.map((token) => (token + 2) % classes), targetShape: [time], classes });
    const models = {
      both: module({
        token: embedding(classes, width), places: positionalEmbedding(9, width), encoder: transformerEncoderLayer(width, 2, { feedForwardDim: 12, dropout: 0.2 }),
        decoder: transformerDecoderLayer(width, 2, { feedForwardDim: 12, dropout: 0.2 }), head: linear(width, classes),
      }, ({ token, places, encoder, decoder, head }, x) => {
        const embedded = places(token(x));
        return head(decoder(embedded, encoder(embedded)));
      }, { inputShape: [time] }),
      causal: sequential(
        embedding(classes, width),
        recompute(transformerEncoderLayer(width, 4, { causal: true, normFirst: true, rotary: true, numKeyValueHeads: 2, activation: 'gelu', feedForwardDim: 10, dropout: 0.1 }) as never),
        transformerEncoderLayer(width, 2, { causal: true, normFirst: true, rotary: { base: 100 }, activation: 'silu', feedForwardDim: 10, dropout: 0, bias: false }) as never,
        layerNorm(width), linear(width, classes),
      ),
    };
    const results = [];
    for (const [name, model] of Object.entries(models)) {
      await using trainer = await compileShared(model, { loss: crossEntropy(), optimizer: adam({ lr: 0.01 }), batchSize: 4, seed: 5, inputShape: [time] });
      const { epochs } = await trainer.fit(data, { epochs: 3 });
      const report = await lib.gradcheck.checkGradients(trainer, { batchSize: 2 });
      results.push({ name, names: Object.keys((await trainer.state()).parameters), passed: report.passed, proven: report.proven, total: report.total, text: String(report), losses: epochs.map(({ loss }) => loss) });
    }
    return results;
  });
  for (const { name, passed, text, losses, names } of found) {
    expect(passed, `${name}\n${text}`).toBe(true);
    expect(losses.at(-1), name).toBeLessThan(losses[0]!);
    expect(names.filter((one) => one.includes('_act') || one.includes('_drop'))).toEqual([]);
  }
  const attention = (prefix: string): string[] => ['in_proj_weight', 'in_proj_bias', 'out_proj.weight', 'out_proj.bias'].map((name) => `${prefix}.${name}`);
  const affine = (...prefixes: readonly string[]): string[] => prefixes.flatMap((prefix) => [`${prefix}.weight`, `${prefix}.bias`]);
  const sorted = (names: readonly string[]): string[] => [...names].sort();
  // torch.nn.TransformerEncoderLayer and TransformerDecoderLayer.
  expect(sorted(found[0]!.names)).toEqual(sorted([
    'token.weight', 'places.weight', ...attention('encoder.self_attn'), ...affine('encoder.linear1', 'encoder.linear2', 'encoder.norm1', 'encoder.norm2'),
    ...attention('decoder.self_attn'), ...attention('decoder.multihead_attn'), ...affine('decoder.linear1', 'decoder.linear2', 'decoder.norm1', 'decoder.norm2', 'decoder.norm3'),
    ...affine('head'),
  ]));
  // Without biases, as PyTorch's with bias=False.
  expect(found[1]!.names.filter((name) => name.startsWith('2.'))).toEqual(['2.self_attn.in_proj_weight', '2.self_attn.out_proj.weight', '2.linear1.weight', '2.linear2.weight', '2.norm1.weight', '2.norm2.weight']);
});

test('a causal block sees no later place, and attention hides the keys of its mask', async ({ run }) => {
  const found = await run(async (lib) => {
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const { mse, module, multiHeadAttention, narrow, reshape, scale, sgd, transformerEncoderLayer } = lib.chainrule;
    const inputs = lib.gradcheck.normals(9, [2, 5, 8]).data as Float32Array;
    // The last place of each example is another one.
    const changed = inputs.map((value, i) => (Math.floor(i / 8) % 5 === 4 ? value + 1 : value));
    const models = {
      causal: transformerEncoderLayer(8, 2, { causal: true, rotary: true, dropout: 0 }), open: transformerEncoderLayer(8, 2, { dropout: 0 }),
      // A mask that shows no key: every place gives the bias of the projection alone.
      masked: module({ attend: multiHeadAttention(8, 2) }, ({ attend }, x) => attend(x, { mask: scale(narrow(reshape(x, [2, 1, 1, 40]), 3, 0, 5), 0), maskKind: 'boolean' }), { inputShape: [5, 8] }),
    };
    const result: Record<string, boolean[]> = {};
    for (const [name, model] of Object.entries(models)) {
      await using trainer = await compileShared(model as never, { loss: mse(), optimizer: sgd(), batchSize: 2, inputShape: [5, 8] });
      const [before, after] = [await trainer.predict(inputs), await trainer.predict(changed)];
      result[name] = Array.from({ length: 5 }, (_, place) => before.subarray(place * 8, place * 8 + 8).every((value, i) => value === after[place * 8 + i]));
    }
    return result;
  });
  expect(found.causal).toEqual([true, true, true, true, false]);
  expect(found.open).toEqual([false, false, false, false, false]);
  expect(found.masked).toEqual([true, true, true, true, true]);
});
