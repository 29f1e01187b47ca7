import { membershipPolicyLaws, register } from "@hexraft/testing/conformance";
import { describe, it } from "vitest";
import { jointPolicy } from "../src/index.js";

register(
  membershipPolicyLaws(() => jointPolicy),
  { describe, it },
);
