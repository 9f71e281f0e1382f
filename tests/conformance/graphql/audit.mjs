// Runs the published audit of GraphQL over HTTP against one address and prints its results as JSON.
import { pathToFileURL } from "node:url";
import path from "node:path";

const [packages, url] = process.argv.slice(2);
const entry = path.join(packages, "node_modules", "graphql-http", "lib", "index.mjs");
const { auditServer } = await import(pathToFileURL(entry));
const results = await auditServer({ url });
console.log(
  JSON.stringify(
    results.map(({ id, name, status, reason }) => ({ id, name, status, reason: reason ?? null })),
  ),
);
