/* Hands the page's nonce to GraphiQL's dialogs, under the name they ask for it by. */
"use strict";
window.__webpack_nonce__ = document.querySelector("link[nonce]").nonce;
