import { map } from '../ops/map.ts';
import type { Request } from '../ops/request.ts';
import type { Tensor } from '../ops/tensor.ts';

/**
 * Puts a copy row by row before each request that reads a view as if it had no gaps; a view is copied at most once. Families that
 * follow layouts read views as they lie. `add` makes the copy's tensor, of the view's
 * shape and type.
 */
export class Contiguous {
  readonly #copies = new Map<string, Tensor>();
  readonly #add: (view: Tensor) => Tensor;

  constructor(add: (view: Tensor) => Tensor) {
    this.#add = add;
  }

  requests(requests: readonly Request[]): Request[] {
    return requests.flatMap((request) => {
      if (request.family.followsLayout || !Object.values(request.reads).some(({ layout }) => layout)) return [request];
      const copies: Request[] = [];
      const reads = Object.fromEntries(Object.entries(request.reads).map(([name, tensor]) => [name, tensor.layout ? this.#copy(tensor, request, copies) : tensor]));
      return [...copies, { ...request, reads }];
    });
  }

  #copy(view: Tensor, request: Request, copies: Request[]): Tensor {
    const key = JSON.stringify([view.id, view.shape, view.layout]);
    const known = this.#copies.get(key);
    if (known) return known;
    const copy = this.#add(view);
    this.#copies.set(key, copy);
    const { label, recomputes } = request;
    copies.push({ ...map(view, [], copy), ...(label === undefined ? {} : { label }), ...(recomputes ? { recomputes } : {}) });
    return copy;
  }
}
