import { describe, expect, it } from "vitest";
import { PeerBooks } from "../../src/components/peer-books.js";
import type { PeerAddress } from "../../src/ports/transport.js";

const peer = (id: string, address = `${id}:1`): PeerAddress => ({ id, address, incarnation: "0".repeat(16) });
const addresses = ({ all }: PeerBooks): string[] => [...all.values()].map(({ address }) => address).toSorted();

describe("the books of many groups", () => {
  it("T04 T08 a node is talked to for as long as one group knows it", () => {
    const books = new PeerBooks();
    books.set("g1", [peer("b"), peer("c")]);
    books.set("g2", [peer("b"), peer("d")]);
    expect(addresses(books)).toEqual(["b:1", "c:1", "d:1"]);
    books.set("g1", [peer("b")]);
    expect(addresses(books)).toEqual(["b:1", "d:1"]);
    books.delete("g2");
    expect(addresses(books)).toEqual(["b:1"]);
    books.delete("g1");
    expect([addresses(books), books.of("g1")]).toEqual([[], undefined]);
  });

  it("T04 of two addresses of one node the one written last counts", () => {
    const books = new PeerBooks();
    books.set("g1", [peer("b")]);
    books.set("g2", [peer("b", "b:2")]);
    expect(addresses(books)).toEqual(["b:2"]);
  });

  it("G01 a further group of the same members is no news: nobody is told of all groups again", () => {
    const books = new PeerBooks();
    const news = [
      books.set("g1", [peer("b"), peer("c")]),
      books.set("g2", [peer("b"), peer("c")]),
      books.set("g2", [peer("b"), peer("c")]),
      books.set("g3", [peer("b"), peer("c", "c:2")]),
      books.delete("g2"),
      books.set("g1", [peer("b")]),
      books.delete("g3"),
    ];
    expect(news).toEqual([true, false, false, true, false, false, true]);
  });
});
