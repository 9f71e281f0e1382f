/* Puts GraphiQL on the page and makes the questions beside it fill its editor. */
"use strict";
(() => {
  const h = React.createElement;
  const place = document.getElementById("graphiql");
  const list = document.getElementById("questions");
  const questions = Array.from(list.querySelectorAll("details"), (entry) => ({
    name: entry.id,
    words: entry.querySelector("summary").textContent,
    purpose: entry.dataset.purpose,
    text: entry.querySelector("pre").textContent.trim() + "\n",
  }));
  const ours = new Set(questions.map((question) => question.text.trim()));

  /* What is typed may hold names of customers, so it lives no longer than the page. */
  const kept = new Map();
  const memory = {
    get length() { return kept.size; },
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => { kept.set(key, String(value)); },
    removeItem: (key) => { kept.delete(key); },
    clear: () => { kept.clear(); },
  };

  /* Questions in addresses are written on one line. */
  const readable = (text) => {
    const { parse, print } = GraphiQL.GraphQL;
    try {
      return text.includes("\n") ? text : print(parse(text));
    } catch {
      return text;
    }
  };

  /* What a question is asked for goes along as a header, beside a token that stands there. */
  const withPurpose = (headers, purpose) => {
    if (!purpose) return headers;
    try {
      const given = JSON.parse(headers.trim() || "{}");
      return JSON.stringify({ ...given, "Townclerk-Purpose": purpose }, null, 2);
    } catch {
      return headers; // half written; who writes it will say it
    }
  };

  /* A question takes the place of one of ours; anything else keeps its tab and gets a neighbour. */
  function Questions() {
    const { addTab, headerEditor, queryEditor, tabs, variableEditor } = GraphiQL.React.useEditorContext();
    const waiting = React.useRef(null);
    const put = ({ text, purpose, headers }) => {
      variableEditor?.setValue("");
      headerEditor?.setValue(withPurpose(headers, purpose));
      queryEditor.setValue(text);
      queryEditor.operationName = undefined; // GraphiQL reads the new one a moment later
      queryEditor.focus();
    };
    React.useEffect(() => {
      if (waiting.current !== null) put(waiting.current);
      waiting.current = null;
    }, [tabs.length]);
    const show = (question) => {
      const there = queryEditor.getValue().trim();
      const chosen = { ...question, headers: headerEditor?.getValue() ?? "" };
      if (there === "" || ours.has(there)) {
        put(chosen);
      } else {
        waiting.current = chosen;
        addTab();
      }
    };
    const items = questions.map((question) =>
      h("li", { key: question.name },
        h("button", { type: "button", onClick: () => show(question) }, question.words)),
    );
    return ReactDOM.createPortal(h("ul", null, items), list);
  }

  list.replaceChildren();
  list.parentElement.open = window.matchMedia("(min-width: 60rem)").matches;
  ReactDOM.createRoot(place).render(
    h(
      GraphiQL,
      {
        fetcher: GraphiQL.createFetcher({ url: "/graphql" }),
        storage: memory,
        shouldPersistHeaders: false,
        query: readable(place.dataset.query) || questions[0].text,
        defaultQuery: "",
        defaultEditorToolsVisibility: "variables",
        forcedTheme: "system",
      },
      h(GraphiQL.Logo, null, " "),
      h(Questions, { key: "questions" }),
    ),
  );
})();
