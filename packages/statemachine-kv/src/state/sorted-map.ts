/** Most entries of one tree node; a node that grows beyond it splits. */
const NODE_MAX = 32;
/** A node that shrinks below it joins a neighbour, if there is room. */
const NODE_LOW = NODE_MAX / 4;

/**
 * A leaf has values; an inner node has children, and `keys[i]` is a lower bound of child i. That of the very first child of
 * a level is not one and is never looked at: smaller keys may have come since, but a first child has nobody to its left.
 */
interface TreeNode<K, V> {
  owner: object;
  readonly keys: K[];
  readonly values: V[];
  readonly children: TreeNode<K, V>[] | undefined;
}

/**
 * A map in key order, as a B+ tree that is copied on write: {@link SortedMap.clone} takes no time, whatever the size, and
 * afterwards each of the two maps copies a node the first time it changes it. Snapshots and undoing rest on this.
 */
export class SortedMap<K, V> {
  private owner: object = {};
  private root: TreeNode<K, V> = { owner: this.owner, keys: [], values: [], children: undefined };
  private entries = 0;
  private replaced: V | undefined;
  /** Where the last {@link SortedMap.seek} found its key; the leaf is ours. */
  private foundIn: TreeNode<K, V> = this.root;
  private foundAt = 0;

  /** @param isLess - a total order that never changes; two keys of which neither is less are the same key. */
  constructor(private readonly isLess: (a: K, b: K) => boolean) {}

  /** Entries in it. */
  get size(): number {
    return this.entries;
  }

  /** An independent map with the same entries; O(1). */
  clone(): SortedMap<K, V> {
    return this.shareWith(new SortedMap<K, V>(this.isLess));
  }

  /** Makes an empty map equal to this one. */
  protected shareWith<Twin extends SortedMap<K, V>>(twin: Twin): Twin {
    twin.root = this.root;
    twin.entries = this.entries;
    // Nobody owns the shared nodes any more: whoever changes one first makes a copy.
    this.owner = {};
    return twin;
  }

  /** The value of the key, if it is there. */
  get(key: K): V | undefined {
    let node = this.root;
    while (node.children !== undefined) node = node.children[this.childAt(node.keys, key)] as TreeNode<K, V>;
    const at = this.lowerBound(node.keys, key);
    return this.isAt(node.keys, at, key) ? node.values[at] : undefined;
  }

  /** The same, and if it is there, {@link SortedMap.replace} may follow at once: together they go down the tree once. */
  seek(key: K): V | undefined {
    if (this.root.owner !== this.owner) this.root = this.copy(this.root);
    let node = this.root;
    while (node.children !== undefined) node = this.ownChild(node.children, this.childAt(node.keys, key));
    const at = this.lowerBound(node.keys, key);
    if (!this.isAt(node.keys, at, key)) return undefined;
    this.foundIn = node;
    this.foundAt = at;
    return node.values[at];
  }

  /** Sets the value of the key that the call before this one, a {@link SortedMap.seek}, has found. */
  replace(value: V): void {
    this.foundIn.values[this.foundAt] = value;
  }

  /** Sets the key's value, and returns the one it had. */
  set(key: K, value: V): V | undefined {
    this.replaced = undefined;
    if (this.root.owner !== this.owner) this.root = this.copy(this.root);
    const left = this.root;
    const right = this.insert(left, key, value);
    if (right !== undefined)
      this.root = {
        owner: this.owner,
        keys: [left.keys[0] as K, right.keys[0] as K],
        values: [],
        children: [left, right],
      };
    return this.replaced;
  }

  /** Removes the key, and returns the value it had. */
  delete(key: K): V | undefined {
    const value = this.get(key);
    if (value === undefined) return undefined;
    if (this.root.owner !== this.owner) this.root = this.copy(this.root);
    this.remove(this.root, key);
    this.entries--;
    while (this.root.children?.length === 1) this.root = this.root.children[0] as TreeNode<K, V>;
    return value;
  }

  /**
   * Visits entries in ascending order, from the first key ≥ `from` (all, if undefined), until `visit` returns false.
   * The map must not be changed meanwhile.
   */
  ascend(from: K | undefined, visit: (key: K, value: V) => boolean): void {
    this.walkUp(this.root, from, visit);
  }

  /** The same in descending order, from the last key < `before`. */
  descend(before: K | undefined, visit: (key: K, value: V) => boolean): void {
    this.walkDown(this.root, before, visit);
  }

  private walkUp(node: TreeNode<K, V>, from: K | undefined, visit: (key: K, value: V) => boolean): boolean {
    if (node.children === undefined) {
      for (let i = from === undefined ? 0 : this.lowerBound(node.keys, from); i < node.keys.length; i++)
        if (!visit(node.keys[i] as K, node.values[i] as V)) return false;
      return true;
    }
    const first = from === undefined ? 0 : this.childAt(node.keys, from);
    for (let i = first; i < node.children.length; i++)
      if (!this.walkUp(node.children[i] as TreeNode<K, V>, i === first ? from : undefined, visit)) return false;
    return true;
  }

  private walkDown(node: TreeNode<K, V>, before: K | undefined, visit: (key: K, value: V) => boolean): boolean {
    if (node.children === undefined) {
      const end = before === undefined ? node.keys.length : this.lowerBound(node.keys, before);
      for (let i = end - 1; i >= 0; i--) if (!visit(node.keys[i] as K, node.values[i] as V)) return false;
      return true;
    }
    const last = before === undefined ? node.children.length - 1 : this.childAt(node.keys, before);
    for (let i = last; i >= 0; i--)
      if (!this.walkDown(node.children[i] as TreeNode<K, V>, i === last ? before : undefined, visit)) return false;
    return true;
  }

  /** Puts the entry under `node`, which is ours; returns the right half if the node had to split. */
  private insert(node: TreeNode<K, V>, key: K, value: V): TreeNode<K, V> | undefined {
    if (node.children === undefined) {
      const at = this.lowerBound(node.keys, key);
      if (this.isAt(node.keys, at, key)) {
        this.replaced = node.values[at];
        node.values[at] = value;
        return undefined;
      }
      node.values.splice(at, 0, value);
      node.keys.splice(at, 0, key);
      this.entries++;
    } else {
      const at = this.childAt(node.keys, key);
      const right = this.insert(this.ownChild(node.children, at), key, value);
      if (right === undefined) return undefined;
      node.keys.splice(at + 1, 0, right.keys[0] as K);
      node.children.splice(at + 1, 0, right);
    }
    if (node.keys.length <= NODE_MAX) return undefined;
    const half = node.keys.length >>> 1;
    return {
      owner: this.owner,
      keys: node.keys.splice(half),
      values: node.values.splice(half),
      children: node.children?.splice(half),
    };
  }

  /** Removes the key, which is there, from under `node`, which is ours. */
  private remove(node: TreeNode<K, V>, key: K): void {
    if (node.children === undefined) {
      const at = this.lowerBound(node.keys, key);
      node.keys.splice(at, 1);
      node.values.splice(at, 1);
      return;
    }
    const at = this.childAt(node.keys, key);
    const child = this.ownChild(node.children, at);
    this.remove(child, key);
    if (child.keys.length < NODE_LOW && node.children.length > 1) this.join(node, node.children, at === 0 ? 0 : at - 1);
  }

  /** Moves child `at + 1` into child `at`, if both together are small enough that they do not soon split again. */
  private join(parent: TreeNode<K, V>, children: TreeNode<K, V>[], at: number): void {
    const right = children[at + 1] as TreeNode<K, V>;
    const leftLength = (children[at] as TreeNode<K, V>).keys.length;
    const oneIsEmpty = leftLength === 0 || right.keys.length === 0;
    if (!oneIsEmpty && leftLength + right.keys.length > NODE_MAX / 2) return;
    const left = this.ownChild(children, at);
    left.keys.push(...right.keys);
    left.values.push(...right.values);
    if (right.children !== undefined) left.children?.push(...right.children);
    parent.keys.splice(at + 1, 1);
    children.splice(at + 1, 1);
  }

  private ownChild(children: TreeNode<K, V>[], at: number): TreeNode<K, V> {
    const child = children[at] as TreeNode<K, V>;
    if (child.owner === this.owner) return child;
    const mine = this.copy(child);
    children[at] = mine;
    return mine;
  }

  private copy({ keys, values, children }: TreeNode<K, V>): TreeNode<K, V> {
    return { owner: this.owner, keys: keys.slice(), values: values.slice(), children: children?.slice() };
  }

  /** Whether the key stands at `at`, its lower bound. */
  private isAt(keys: readonly K[], at: number, key: K): boolean {
    return at < keys.length && !this.isLess(key, keys[at] as K);
  }

  /** Position of the first key that is not below `key`. */
  protected lowerBound(keys: readonly K[], key: K): number {
    let low = 0;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.isLess(keys[middle] as K, key)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The child under which `key` belongs: the last one whose lower bound is not above it. */
  protected childAt(keys: readonly K[], key: K): number {
    let low = 1;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.isLess(key, keys[middle] as K)) high = middle;
      else low = middle + 1;
    }
    return low - 1;
  }
}
