// What has been asked of the server and is not answered yet. What is quick is not worth a word.

const PATIENCE_MS = 300;

/** A watch over answers: call it with (name, promise). `onchange(names)` hears which of them take long, oldest first. */
export function watchLooks(onchange) {
  const slow = new Map();
  return (name, answer) => {
    const look = Symbol(name);
    const timer = setTimeout(() => {
      slow.set(look, name);
      onchange([...slow.values()]);
    }, PATIENCE_MS);
    const over = () => {
      clearTimeout(timer);
      if (slow.delete(look)) onchange([...slow.values()]);
    };
    answer.then(over, over);
    return answer;
  };
}
