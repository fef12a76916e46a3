// Everything here is a comfort: every page works without it.
import { initAll } from "./govuk-frontend.min.js?v=4e8b95d53d3c5cba";

initAll();

// "Copy" buttons stay hidden until there is a script to do the copying.
for (const button of document.querySelectorAll("[data-copy-from]")) {
  const source = document.getElementById(button.dataset.copyFrom);
  const status = document.getElementById(`${button.dataset.copyFrom}-copied`);
  if (!source || !status) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    getSelection().selectAllChildren(source);
    try {
      await navigator.clipboard.writeText(source.textContent.trim());
      status.textContent = button.dataset.copied;
    } catch {
      status.textContent = button.dataset.copyByHand; // the text is selected: Ctrl+C works
    }
  });
}

// "Print" buttons too.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
