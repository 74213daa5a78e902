// The selfies that were shown in this tab, to look at beside a found face: in its memory alone. The server keeps no picture of them.
const selfies = new Map();

export const rememberSelfie = (reference, photo) => selfies.set(reference.id, { source: URL.createObjectURL(photo), box: reference.box, photo: reference });

export function forgetSelfie(id) {
  if (selfies.has(id)) URL.revokeObjectURL(selfies.get(id).source);
  selfies.delete(id);
}

export const forgetSelfies = () => [...selfies.keys()].forEach(forgetSelfie);

// The newest one; undefined: this tab has seen none.
export const ownFace = () => [...selfies.values()].at(-1);
