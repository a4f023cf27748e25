// The page that becomes the failure lab with the machine behind a report. The page of the report sends it; it is
// kept in this tab, so that it can be loaded again.

const KEPT = "oomlab-machine";

function become(page) {
  sessionStorage.setItem(KEPT, page);
  document.open();
  document.write(page);
  document.close();
}

addEventListener("message", ({ data, origin, source }) => {
  if (origin === location.origin && source === window.opener) become(data);
});

const kept = sessionStorage.getItem(KEPT);
if (kept) become(kept);
else window.opener?.postMessage("ready", location.origin);
