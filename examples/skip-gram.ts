// Skip-gram (Mikolov et al. 2013): a net that guesses the neighbours of a word in a sentence learns vectors in which words of one kind are close.
import { adam, compile, crossEntropy, dataset, embedding, linear, RandomStream, sequential } from 'chainrule';
import { checkGradients } from 'chainrule/gradcheck';
import type { Example } from './kit.ts';

// A small language whose kinds of words we know, and the net does not.
const kinds: Readonly<Record<string, readonly string[]>> = {
  person: ['king', 'queen', 'duke', 'lady', 'boy', 'girl'], animal: ['dog', 'cat', 'horse', 'cow', 'hen', 'fox'],
  food: ['bread', 'cheese', 'apple', 'soup', 'cake', 'fish'], place: ['castle', 'garden', 'kitchen', 'field', 'tower', 'barn'],
  mood: ['happy', 'tired', 'hungry', 'proud', 'angry', 'calm'], moves: ['walks', 'runs', 'comes', 'goes', 'hurries', 'returns'],
};
const patterns = [
  'the mood person eats food', 'the mood animal moves to the place', 'the person moves home from the place', 'the animal bites the person',
  'a person cooks food with food', 'the place is near a place', 'every animal sleeps in the place', 'food makes the person mood',
].map((pattern) => pattern.split(' '));
const words = [...new Set([...patterns.flat().filter((word) => !(word in kinds)), ...Object.values(kinds).flat()])];

/** Each word of `sentences` sentences with each of the two words before and after it. */
function neighbours(sentences: number, seed: number) {
  const random = new RandomStream(seed);
  const pick = <T>(list: readonly T[]): T => list[random.integer(list.length)]!;
  const pairs = Array.from({ length: sentences }, () => {
    const sentence = pick(patterns).map((word) => words.indexOf(kinds[word] ? pick(kinds[word]) : word));
    return sentence.flatMap((word, at) => sentence.flatMap((other, there) => (there !== at && Math.abs(there - at) <= 2 ? [[word, other] as const] : [])));
  }).flat();
  return dataset({ inputType: 'u32', inputShape: [1], inputs: Uint32Array.from(pairs, ([word]) => word), targets: pairs.map(([, other]) => other), targetShape: [1], classes: words.length });
}

export const example: Example = {
  title: 'Word vectors by skip-gram',
  goal: 'The three words nearest to each of the 36 nouns, adjectives and verbs are of its own kind, for all but one word (reduced: for 24 words)',
  async run({ device, reduced, log }) {
    const size = 16;
    const data = neighbours(reduced ? 1500 : 4000, 1);
    await using trainer = await compile(sequential(embedding(words.length, size), linear(size, words.length)), {
      device, loss: crossEntropy(), optimizer: adam({ lr: 0.01 }), batchSize: 256, inputShape: [1], seed: 1,
    });
    await trainer.fit(data, { epochs: reduced ? 3 : 8, onEpoch: ({ epoch, loss }) => log(`epoch ${epoch + 1}: loss ${loss.toFixed(3)}`) });

    const { '0.weight': { data: table } } = (await trainer.state()).parameters as Record<string, { data: Float32Array }>;
    const vectors = words.map((_, word) => {
      const own = table.subarray(word * size, (word + 1) * size);
      return own.map((value) => value / Math.hypot(...own));
    });
    const nearest = (word: string): string[] => {
      const own = vectors[words.indexOf(word)]!;
      const closeness = vectors.map((other) => other.reduce((sum, value, i) => sum + value * own[i]!, 0));
      return words.filter((other) => other !== word).sort((a, b) => closeness[words.indexOf(b)]! - closeness[words.indexOf(a)]!).slice(0, 3);
    };
    const content = Object.values(kinds).flatMap((kind) => kind.map((word) => ({ word, kind })));
    const right = content.filter(({ word, kind }) => nearest(word).every((other) => kind.includes(other))).length;
    for (const word of ['queen', 'fox', 'soup', 'tower']) log(`${word}: ${nearest(word).join(', ')}`);
    return {
      passed: right >= (reduced ? 24 : 35), summary: `${right} of ${content.length} words have only words of their kind nearest`,
      steps: trainer.stepCount, report: await checkGradients(trainer, { batchSize: 32 }),
    };
  },
};
