// A guest in a worker of its own: the page stays quick, and ending the worker frees everything at once.

import { serve } from "./serve.js";

const answer = serve(self.V86, (file) => file, (message) => self.postMessage(message));
self.addEventListener("message", ({ data }) => answer(data));
self.addEventListener("unhandledrejection", ({ reason }) => self.postMessage({ died: String(reason) }));
