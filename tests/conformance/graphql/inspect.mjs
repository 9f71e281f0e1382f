// Compares two schemas with GraphQL Inspector and prints the changes that break somebody's question.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const [packages, before, after] = process.argv.slice(2);
const load = createRequire(path.join(packages, "node_modules", "x.js"));
const { diff, CriticalityLevel } = load("@graphql-inspector/core");
const { buildSchema } = load("graphql");
const read = (file) => buildSchema(readFileSync(file, "utf8"));
const changes = await diff(read(before), read(after));
console.log(JSON.stringify(
  changes.filter((change) => change.criticality.level === CriticalityLevel.Breaking)
    .map((change) => change.message),
));
