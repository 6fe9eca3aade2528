// Shorthand for Provost plugins.

/** Allows, unless another rule forbids. */
export const permit = (code, message, ...facts) => ({ effect: "permit", code, message, facts });

/** Denies, whatever other rules say. */
export const forbid = (code, message, ...facts) => ({ effect: "forbid", code, message, facts });

/** The subject or resource as a person, if it is one and the edition needs its record. */
export const person = (of) => (of.tag === "person" ? of.val : undefined);

/** A text among settings, properties or circumstances. */
export const text = (values, name) => {
  const found = values.find((given) => given.name === name && given.value.tag === "text");
  return found?.value.val;
};

/** How many seconds the other side asks to wait, if it does. */
export const wait = (reply) => {
  const header = reply.headers.find(({ name }) => name.toLowerCase() === "retry-after");
  return header && /^\d+$/.test(header.value.trim()) ? Number(header.value) : undefined;
};

/** A text as the bytes of a body. */
export const bytes = (text) => new TextEncoder().encode(text);
