// PostGraphile 5 over the views of benchmarks/graphql_postgraphile.py, with nothing turned on that costs.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import path from "node:path";

const [packages, connectionString, port] = process.argv.slice(2);
const load = createRequire(path.join(packages, "node_modules", "x.js"));
const { postgraphile } = load("postgraphile");
const { PostGraphileAmberPreset } = load("postgraphile/presets/amber");
const { makePgService } = load("postgraphile/adaptors/pg");
const { grafserv } = load("postgraphile/grafserv/node");

const instance = postgraphile({
  extends: [PostGraphileAmberPreset],
  pgServices: [makePgService({ connectionString, schemas: ["bench"] })],
  grafserv: { graphqlPath: "/graphql", graphiql: false, websockets: false, watch: false, maxRequestLength: 1e6 },
  grafast: { explain: false },
});
const server = createServer();
await instance.createServ(grafserv).addTo(server);
server.listen(Number(port), "127.0.0.1");
