// Which token a drawn number selects. All tokens lie side by side on [0, 1), the likeliest first; of equals, the smaller
// id comes first.

/**
 * The ids of the `k` largest shares above 0, in the order in which they lie.
 * @param {ArrayLike<number>} shares
 * @param {number} k
 */
export function likeliest(shares, k) {
  const smallest = Float64Array.from(shares).sort()[Math.max(0, shares.length - k)];
  const ids = [];
  for (let i = 0; i < shares.length; i += 1) if (shares[i] >= smallest && shares[i] > 0) ids.push(i);
  return ids.sort((a, b) => shares[b] - shares[a] || a - b).slice(0, k);
}

/**
 * Where the token `id` begins: the sum of the shares before it.
 * @param {ArrayLike<number>} shares
 * @param {number} id
 */
export function beginning(shares, id) {
  let sum = 0;
  for (let i = 0; i < shares.length; i += 1)
    if (shares[i] > shares[id] || (shares[i] === shares[id] && i < id)) sum += shares[i];
  return sum;
}

/**
 * The id of the token that a number in [0, 1) selects.
 * @param {Float64Array} shares
 * @param {number} draw
 */
export function tokenAtDraw(shares, draw) {
  const falling = Float64Array.from(shares).sort().reverse();
  let place = 0;
  // Rounding may leave the sum just under 1: the last token with a share takes the gap.
  for (let upto = falling[0]; upto <= draw && falling[place + 1] > 0; upto += falling[place]) place += 1;
  const equals = Array.from(shares.keys()).filter((i) => shares[i] === falling[place]);
  return equals[place - falling.indexOf(falling[place])];
}
