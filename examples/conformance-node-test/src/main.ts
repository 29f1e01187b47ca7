import { describe, it } from "node:test";
import { logStorageLaws, register } from "@hexraft/testing/conformance";
import { TinyLogStorage, TinyPlace } from "./tiny-log-storage.js";

const laws = logStorageLaws(() => {
  const place = new TinyPlace();
  return {
    create: () => new TinyLogStorage(place),
    crash: () => void (place.holder = undefined), // the process is gone; the place is not
    failNextWrite: () => {
      if (place.holder !== undefined) place.holder.failNext = true;
    },
    dispose: () => {},
  };
});
register(laws, { describe, it });
