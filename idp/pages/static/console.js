// A form that a security key fills in: what the key answers goes into its field "response".
for (const form of document.querySelectorAll("form[data-key]")) {
  const said = form.querySelector("[data-key-said]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    said.textContent = "";
    if (!window.PublicKeyCredential?.parseRequestOptionsFromJSON) {
      said.textContent = form.dataset.tooOld;
      return;
    }
    const options = JSON.parse(form.dataset.options);
    try {
      const answer =
        form.dataset.key === "create"
          ? await navigator.credentials.create({
              publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options),
            })
          : await navigator.credentials.get({
              publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options),
            });
      form.elements.response.value = JSON.stringify(answer);
    } catch {
      said.textContent = form.dataset.refused; // cancelled, too slow, or not a key that fits
      return;
    }
    form.submit();
  });
}
