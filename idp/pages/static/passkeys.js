// Making a passkey. The form with id "make" holds what to ask the browser for and takes its answer;
// without this script the page shows what to do instead.
const form = document.getElementById("make");
const able = window.PublicKeyCredential && navigator.credentials?.create;

const bytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));

const text = (buffer) =>
  btoa(Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join(""))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");

// Written out for the many tablets in use that know neither parseCreationOptionsFromJSON nor toJSON.
function readOptions(json) {
  const options = JSON.parse(json);
  return {
    ...options,
    challenge: bytes(options.challenge),
    user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: options.excludeCredentials.map((one) => ({ ...one, id: bytes(one.id) })),
  };
}

function writeAnswer(credential) {
  const { clientDataJSON, attestationObject } = credential.response;
  return JSON.stringify({
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? null,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: {
      clientDataJSON: text(clientDataJSON),
      attestationObject: text(attestationObject),
      transports: credential.response.getTransports?.() ?? [],
    },
  });
}

if (form && able) {
  const said = document.getElementById("make-said");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    said.textContent = "";
    try {
      const publicKey = readOptions(form.dataset.passkeyOptions);
      const credential = await navigator.credentials.create({ publicKey });
      form.elements.passkey.value = writeAnswer(credential);
      form.submit();
    } catch (problem) {
      const has = problem.name === "InvalidStateError";
      said.textContent = has ? form.dataset.hasOne : form.dataset.notMade;
    }
  });
  form.hidden = false;
  document.getElementById("make-cannot").hidden = true;
}
