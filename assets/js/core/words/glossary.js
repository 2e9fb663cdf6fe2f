// The glossary: each term, the forms it takes in a sentence, and a definition of one or two sentences.

/**
 * @param {string} name
 * @param {string} text
 * @param {string[]} forms
 * @returns {Page.Term}
 */
const term = (name, text, ...forms) => ({ name, text, forms: [name, ...forms] });

export const glossary = [
  term(
    'token',
    'A piece of text the model reads or writes as one unit: a word, a part of a word, a sign, sometimes single bytes. To the model it is a number, its id.',
    'tokens',
  ),
  term(
    'tokenizer',
    'The fixed rules that cut text into tokens and join tokens back to text. It comes with the model and does not change while the model runs.',
    'tokenizers',
  ),
  term('vocabulary', 'All tokens a model knows, each with an id. Every step of decoding gives each of them a score.'),
  term(
    'BPE',
    'Byte-pair encoding: text starts as single bytes (in some tokenizers as characters), and the neighbouring pair with the lowest rank is merged, again and again, until no known pair is left.',
    'byte-pair encoding',
  ),
  term(
    'chat template',
    'The text around a message that says who speaks, in the form the model was trained with. It is tokenized like everything else.',
  ),
  term(
    'embedding',
    'The row of numbers that stands for a token at the entry of the model. It is looked up by the token’s id, not computed.',
    'embeddings',
    'embedding matrix',
  ),
  term(
    'residual stream',
    'The list of numbers at one position that runs through all layers. Attention and MLP read it, and add their result to it.',
  ),
  term(
    'layer',
    'One block of the model: attention, then an MLP. A model is a stack of such blocks, alike in shape, each with its own weights.',
    'layers',
  ),
  term(
    'parameters',
    'The numbers learned in training, also called the model’s weights. They are the same for every prompt. A forward pass reads those of every layer; of experts, only the ones its router chose; of the embedding, only the rows of its tokens.',
    'all weights',
  ),
  term(
    'forward pass',
    'One trip of one or more positions through all layers, from the embeddings to the logits.',
    'forward passes',
  ),
  term(
    'attention',
    'How a position takes in what stands at others: it weighs them by how well its query fits their keys, and adds up their values by these weights.',
  ),
  term(
    'head',
    'One of several attentions that work side by side in a layer, each with its own queries, over keys and values of its own or shared with other heads.',
    'heads',
    'query heads',
  ),
  term('query', 'What a position looks for, as a list of numbers: multiplied with a key it gives a score.', 'queries'),
  term('key', 'What a position offers to be found by, as a list of numbers. It is kept in the KV cache.', 'keys'),
  term(
    'value',
    'What a position hands over to those that attend to it, as a list of numbers. It is kept in the KV cache.',
    'values',
  ),
  term(
    'pattern',
    'All attention weights of a head: a row for each query, a column for each key. Each row adds up to 1, or to less where a learned sink takes a share.',
    'attention map',
    'attention pattern',
  ),
  term('causal mask', 'It keeps a position from attending to those after it: their weights are 0.'),
  term(
    'softmax',
    'Makes shares that add up to 1 from any scores: e to the power of each score, divided by the sum of all of these.',
  ),
  term(
    'MLP',
    'The part of a layer that works on each position alone: a wide hidden layer of neurons between two matrices.',
    'feed-forward',
  ),
  term(
    'neuron',
    'One number of the MLP’s hidden layer. How strongly it fires says how much of its output vector is added to the residual stream.',
    'neurons',
  ),
  term(
    'RMSNorm',
    'Divides a list of numbers by their root mean square, so that its size stays the same, and scales each by a learned weight.',
  ),
  term(
    'final norm',
    'The norm between the last layer and the unembedding: RMSNorm in most newer models, LayerNorm in GPT-2, Pythia and OPT.',
  ),
  term(
    'LayerNorm',
    'Subtracts the mean of a list of numbers, divides by their standard deviation, and scales and shifts each by learned weights.',
  ),
  term(
    'RoPE',
    'Rotary position embedding: turns pairs of numbers in queries and keys by an angle that grows with the position, so that a score depends on the distance.',
  ),
  term(
    'logits',
    'The model’s scores for every token of the vocabulary, before they become probabilities. Only differences between them count.',
    'logit',
  ),
  term(
    'probability',
    'The share the model gives a token to come next: the softmax of the logits. All of them add up to 1.',
    'probabilities',
  ),
  term(
    'logit lens',
    'Reads the residual stream between layers as if the model ended there: final norm and output matrix, then softmax. A view of the researcher; the model itself does it only at the end.',
  ),
  term('greedy', 'Always takes the most likely token. Nothing is left to chance.'),
  term('sampling', 'Draws the next token by chance, each with its share of the probability.', 'sampled'),
  term(
    'temperature',
    'Divides the logits before the softmax. Below 1 the likely tokens gain, above 1 the unlikely ones do.',
  ),
  term('top-k', 'Keeps only the k most likely tokens, and shares their probability out anew.'),
  term('top-p', 'Keeps the most likely tokens until their probabilities add up to p, and drops the rest.'),
  term('min-p', 'Drops the tokens whose probability is less than p times that of the most likely one.'),
  term(
    'typical-p',
    'Keeps the tokens whose surprisal is nearest to the entropy until their probabilities add up to p, and drops the rest.',
  ),
  term(
    'repetition penalty',
    'Divides the positive logits of tokens already in the context by a number, and multiplies the negative ones by it: above 1, repeating becomes less likely.',
  ),
  term(
    'presence penalty',
    'Takes a fixed number off the logit of every token that the answer already has, however often.',
  ),
  term('frequency penalty', 'Takes a number off the logit of a token for each time the answer already has it.'),
  term(
    'seed',
    'The number all draws are made from. On one device, in one number format and with one build, the same seed, prompt and settings give the same tokens.',
  ),
  term(
    'entropy',
    'How open the choice is, in bits: the surprisal to be expected. 0 is certain; 1 bit is as open as a coin toss.',
  ),
  term('surprisal', 'How unexpected a token was, in bits: minus the base-2 logarithm of its probability.'),
  term(
    'perplexity',
    '2 to the power of the mean surprisal: the model was as unsure as if it had chosen among this many equally likely tokens.',
  ),
  term(
    'prefill',
    'The first forward pass, over all positions of the prompt at once. It fills the KV cache and ends with the first token’s logits.',
  ),
  term(
    'decoding',
    'Making the answer token by token: each forward pass takes the newest token as its one new position.',
    'decode',
    'decoded',
  ),
  term(
    'KV cache',
    'The keys and values of all positions so far, kept for every layer so that they are not computed again for each new token.',
  ),
  term(
    'GQA',
    'Grouped-query attention: several query heads share one key/value head, which makes the KV cache smaller by that factor.',
  ),
  term(
    'context',
    'The positions a model can take in at once; and those it has in a run: the prompt and the answer so far.',
  ),
  term('EOS', 'The end-of-sequence token. When the model selects it, the answer is complete.', 'end token'),
  term(
    'TTFT',
    'Time to first token: from the start of the request until the first token is there. Prefill is most of it.',
    'time to first token',
  ),
  term(
    'ITL',
    'Inter-token latency: the time from one token to the next while decoding.',
    'inter-token latency',
    'inter-token latencies',
  ),
  term('latency', 'How long one request waits. TTFT and ITL are its two parts.'),
  term('throughput', 'How much is done in a second, over all requests: tokens per second.'),
  term(
    'batch',
    'Several requests computed in one forward pass. The weights are read once for all of them.',
    'batches',
    'batching',
  ),
  term(
    'continuous batching',
    'Requests join and leave the batch after any step; none waits for the longest of its batch.',
  ),
  term(
    'speculative decoding',
    'A cheap draft guesses some tokens ahead, and the model checks all of them in one forward pass. The result follows the same distribution as without.',
  ),
  term(
    'draft',
    'What guesses ahead in speculative decoding: a smaller model, a part of the model, or words the text already has.',
    'drafts',
  ),
  term('acceptance rate', 'The share of drafted tokens that the model keeps.'),
  term(
    'roofline',
    'The most operations per second a machine can reach, by how many are done for each byte read: first memory is the limit, then arithmetic.',
  ),
  term(
    'FLOP',
    'One floating-point operation: an addition or a multiplication. MFLOP and GFLOP are a million and a billion of them.',
    'MFLOP',
    'GFLOP',
    'TFLOP',
    'FLOPs',
  ),
  term(
    'bandwidth',
    'How many bytes a second come from memory. It limits decoding with few requests, because each step reads the weights that it needs anew.',
    'memory bandwidth',
  ),
].sort((a, b) => a.name.localeCompare(b.name, 'en', { sensitivity: 'base' }));
