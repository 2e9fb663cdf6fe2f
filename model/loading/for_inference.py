"""What a model's files bring for training, or for somebody else's answers, is put aside: the recipe alone decides."""

from tokenizers.models import BPE
from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerFast


def for_inference(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> None:
    """Switches off what is random in training, and the generation settings that came with the model.

    Dropout, layer dropout and router noise are off in `eval`. BPE dropout cuts a text at random, so that a model sees
    many cuts of it in training (Provilkov et al. 2020); Unigram's sampling is not read from a file. Of the generation
    config only the ids of the special tokens stay: each of `generate`'s settings that is not given would otherwise be
    taken from it.
    """
    model.eval()
    if isinstance(algorithm := tokenizer.backend_tokenizer.model, BPE):
        algorithm.dropout = None
    theirs = model.generation_config
    model.generation_config = GenerationConfig(
        bos_token_id=theirs.bos_token_id, eos_token_id=theirs.eos_token_id, pad_token_id=theirs.pad_token_id
    )
