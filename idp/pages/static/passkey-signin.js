// Signing in with a passkey. The page works without this: its button is then not shown.
const form = document.getElementById("passkey");
const able = window.PublicKeyCredential && navigator.credentials?.get;

const bytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));

const text = (buffer) =>
  buffer
    ? btoa(String.fromCharCode(...new Uint8Array(buffer)))
        .replace(/\+/g, "-")
        .replace(/\//g, "_")
        .replace(/=+$/, "")
    : null;

// Written out, for many tablets in use know neither parseRequestOptionsFromJSON nor toJSON.
function readOptions(json) {
  const options = JSON.parse(json);
  const allowed = (options.allowCredentials ?? []).map((one) => ({ ...one, id: bytes(one.id) }));
  return { ...options, challenge: bytes(options.challenge), allowCredentials: allowed };
}

function writeAnswer(credential) {
  const { clientDataJSON, authenticatorData, signature, userHandle } = credential.response;
  return JSON.stringify({
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? null,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: {
      clientDataJSON: text(clientDataJSON),
      authenticatorData: text(authenticatorData),
      signature: text(signature),
      userHandle: text(userHandle),
    },
  });
}

if (form && able) {
  const said = document.getElementById("passkey-said");
  let waiting = new AbortController();

  async function use(mediation) {
    const { signal } = waiting;
    const publicKey = readOptions(form.dataset.passkey);
    const credential = await navigator.credentials.get({ publicKey, mediation, signal });
    form.elements.passkey.value = writeAnswer(credential);
    form.submit();
  }

  // In the list under the field for the e-mail address, where the browser can show it there.
  async function offer() {
    const can = await PublicKeyCredential.isConditionalMediationAvailable?.();
    if (!can || !document.querySelector("[autocomplete~=webauthn]")) return;
    await use("conditional").catch(() => {});
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    waiting.abort(); // a browser asks for one at a time
    waiting = new AbortController();
    said.textContent = "";
    try {
      await use("optional");
    } catch {
      said.textContent = form.dataset.notUsed;
      waiting = new AbortController();
      offer();
    }
  });
  form.hidden = false;
  document.getElementById("passkey-cannot")?.remove();
  offer();
}
