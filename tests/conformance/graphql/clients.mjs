// Asks a running Townclerk as pages do: with urql, with Apollo Client and with graphql-ws.
// Prints one JSON object; what each entry must be is said in test_clients.py.
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import path from "node:path";

const [packages, url] = process.argv.slice(2);
const load = createRequire(path.join(packages, "node_modules", "x.js"));
const sha256 = async (text) => createHash("sha256").update(text).digest("hex");

const PAGE = `query Page($first: Int, $after: String) {
  systems(first: $first, after: $after) { nodes { name } pageInfo { hasNextPage endCursor } }
}`;
const CHANGE = `mutation Change($urn: String!, $seen: Int!) {
  retireSystem(urn: $urn, expectedRevision: $seen, validateOnly: true) {
    __typename
    ... on Problem { code remedy }
    ... on Conflict { currentRevision }
    ... on ElementRetired { urn validatedOnly }
  }
}`;
const FOLLOW = `subscription { landscapeChanges { change count urns } }`;
const REGISTER = `mutation Register($urn: String!) {
  registerSystem(urn: $urn, input: { name: "Followed" }) { __typename }
}`;

async function pages(ask) {
  const names = [];
  let after = null;
  do {
    const { systems } = await ask(PAGE, { first: 2, after });
    names.push(...systems.nodes.map((node) => node.name));
    after = systems.pageInfo.hasNextPage ? systems.pageInfo.endCursor : null;
  } while (after !== null);
  return names;
}

async function changes(ask, urn) {
  const wanted = [[urn, 1], [urn, 99], ["urn:test:nobody", 1]];
  const answers = [];
  for (const [each, seen] of wanted) answers.push((await ask(CHANGE, { urn: each, seen })).retireSystem);
  return answers;
}

// A client that counts what it sends, to show that the document is sent once.
function counting() {
  const sent = [];
  const send = (address, options) => {
    sent.push(options?.body ? "query" in JSON.parse(options.body) : "GET");
    return fetch(address, options);
  };
  return { sent, send };
}

async function withUrql() {
  const { Client, fetchExchange } = load("@urql/core");
  const { persistedExchange } = load("@urql/exchange-persisted");
  const client = new Client({ url, exchanges: [fetchExchange], preferGetMethod: false });
  const ask = async (text, variables) => {
    const found = text.startsWith("mutation")
      ? await client.mutation(text, variables)
      : await client.query(text, variables);
    if (found.error) throw found.error;
    return found.data;
  };
  const { sent, send } = counting();
  const hashed = new Client({
    url,
    fetch: send,
    preferGetMethod: false,
    exchanges: [persistedExchange({ preferGetForPersistedQueries: false, generateHash: sha256 }), fetchExchange],
  });
  const twice = [];
  for (let turn = 0; turn < 2; turn += 1) {
    const found = await hashed.query(PAGE, { first: 1 + turn });
    twice.push(found.error ? String(found.error) : found.data.systems.nodes.length);
  }
  return { pages: await pages(ask), changes: await changes(ask, "urn:test:system:1"), hashed: twice, sent };
}

async function withApollo() {
  const { ApolloClient, HttpLink, InMemoryCache, gql } = load("@apollo/client/core");
  const { PersistedQueryLink } = load("@apollo/client/link/persisted-queries");
  // Apollo asks its users to say which types an interface has.
  const possibleTypes = { Problem: ["Conflict", "NotFound", "InvalidInput", "AccessDenied"] };
  const make = (link) =>
    new ApolloClient({ link, cache: new InMemoryCache({ possibleTypes }), defaultOptions: { query: { fetchPolicy: "no-cache" } } });
  const client = make(new HttpLink({ uri: url }));
  const ask = async (text, variables) => {
    const found = text.startsWith("mutation")
      ? await client.mutate({ mutation: gql(text), variables })
      : await client.query({ query: gql(text), variables });
    return found.data;
  };
  const { sent, send } = counting();
  const hashed = make(new PersistedQueryLink({ sha256 }).concat(new HttpLink({ uri: url, fetch: send })));
  const OTHER = gql(`query Hashed($first: Int) { systems(first: $first) { nodes { id } } }`);
  const twice = [];
  for (let turn = 0; turn < 2; turn += 1) {
    const found = await hashed.query({ query: OTHER, variables: { first: 1 + turn } });
    twice.push(found.data.systems.nodes.length);
  }
  return { pages: await pages(ask), changes: await changes(ask, "urn:test:system:1"), hashed: twice, sent };
}

async function withGraphqlWs() {
  const { createClient } = load("graphql-ws");
  const WebSocket = load("ws");
  const client = createClient({
    url: url.replace("http", "ws"),
    webSocketImpl: WebSocket,
    connectionParams: { Authorization: "Bearer nobody-looks-in-the-demonstration" },
  });
  const events = [];
  for await (const message of client.iterate({ query: FOLLOW })) {
    if (message.errors) throw new Error(JSON.stringify(message.errors));
    events.push(message.data.landscapeChanges);
    if (events.length === 2) break;
    await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ query: REGISTER, variables: { urn: "urn:test:followed" } }),
    });
  }
  const refused = await new Promise((resolve) => {
    client.subscribe({ query: "subscription { nothing }" }, {
      next: () => resolve("next"),
      error: (error) => resolve(error[0].extensions.code),
      complete: () => resolve("complete"),
    });
  });
  await client.dispose();
  return { events, refused };
}

console.log(JSON.stringify({
  urql: await withUrql(),
  apollo: await withApollo(),
  graphqlWs: await withGraphqlWs(),
}));
process.exit(0);
