// Write a Spectral rule set from npm as JSON that our loader reads; its functions become names.
//
//   npm install @stoplight/spectral-owasp-ruleset @stoplight/spectral-functions @stoplight/spectral-formats
//   node export_ruleset.mjs @stoplight/spectral-owasp-ruleset > owasp.json
import { createRequire } from "node:module";
import { cwd } from "node:process";

const require = createRequire(`${cwd()}/`);
const named = (module) =>
  Object.entries(require(module)).filter(([, value]) => typeof value === "function");
const names = new Map(
  [...named("@stoplight/spectral-formats"), ...named("@stoplight/spectral-functions")].map(
    ([name, value]) => [value, name],
  ),
);

function plain(value) {
  if (value instanceof RegExp) return String(value);
  if (typeof value === "function") return names.get(value) ?? value.name;
  if (Array.isArray(value)) return value.map(plain);
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  }
  return value;
}

const loaded = require(process.argv[2]);
process.stdout.write(JSON.stringify(plain(loaded.default ?? loaded), null, 1) + "\n");
