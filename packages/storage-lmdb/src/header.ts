import type { FileSystem } from "@hexraft/core/ports";
import { damaged, formatUnknown } from "./faults.js";

/** Where LMDB's file says what it is: in both of the meta pages that it begins with, behind the page's own header. */
const MAGIC_AT = 24;
const VERSION_AT = 28;
const PAGE_BYTES_AT = 48;
const LAST_PAGE_AT = 144;
const TRANSACTION_AT = 152;
const MAGIC = 0xbeefc0de;
/** LMDB's data version that the library writes. */
const VERSION = 2;
const HEADER_BYTES = 160;

/**
 * Looks at the file before LMDB does: it believes its own meta pages, and takes the process down with it when they are not its own, or
 * name pages that are not there: the file is mapped, and what lies behind its end cannot be read (SIGBUS).
 *
 * @throws RaftError `Damaged` or `FormatUnknown`.
 */
export function checkHeader(files: FileSystem, path: string): void {
  const file = `${path}/data.mdb`;
  const size = files.size(file);
  if (size <= 0) return;
  const handle = files.open(file, { readOnly: true });
  try {
    let at = 0;
    let newest = { transaction: -1n, bytes: 0 };
    for (const page of [0, 1]) {
      const view = new DataView(new ArrayBuffer(HEADER_BYTES));
      const isWhole = handle.read(new Uint8Array(view.buffer), at) === HEADER_BYTES;
      if (!isWhole || view.getUint32(MAGIC_AT, true) !== MAGIC)
        throw damaged(path, `meta page ${page} of data.mdb is none`, { file, offset: at, length: HEADER_BYTES });
      const version = view.getUint32(VERSION_AT, true);
      if (version !== VERSION) throw formatUnknown(file, version, VERSION);
      const pageBytes = view.getUint32(PAGE_BYTES_AT, true);
      const transaction = view.getBigUint64(TRANSACTION_AT, true);
      const bytes = (Number(view.getBigUint64(LAST_PAGE_AT, true)) + 1) * pageBytes;
      // The older one is of no account any more: what it names may have been given to the newer one.
      if (transaction > newest.transaction) newest = { transaction, bytes };
      at = pageBytes;
    }
    if (size < newest.bytes)
      throw damaged(path, `data.mdb has ${size} bytes of the ${newest.bytes} that it names`, {
        file,
        offset: size,
        length: newest.bytes - size,
      });
  } finally {
    handle.close();
  }
}
